"""Models of scikit-learn and PyTorch, evaluated by the operations."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from lpb_server.models import Model, UnknownModelError, from_sklearn, from_torch
from lpb_server.operations import Answer, default_registry
from lpb_server.operations.answering import answer_here

REGISTRY = default_registry()


def evaluated(model: Model, inputs: Any) -> Answer:
    """Answer the question with a certificate that Python's checker accepts."""
    operation, question = REGISTRY.find(model.operation), model.question(inputs)
    answer = answer_here(operation, question)
    assert operation.certificate is not None
    assert operation.certificate.check is not None
    assert operation.certificate.check(question, answer)
    return answer


def data() -> tuple[Any, Any]:
    random = np.random.default_rng(0)
    inputs = random.standard_normal((60, 4))
    return inputs, (inputs @ [1.0, -2.0, 0.5, 0.1] > 0).astype(int) + (inputs[:, 0] > 0.5)


def fitted(module: str, name: str, **options: Any) -> Any:
    library = pytest.importorskip(f"sklearn.{module}")
    inputs, labels = data()
    kind = getattr(library, name)
    if "random_state" in inspect.signature(kind).parameters:
        options.setdefault("random_state", 0)
    return kind(**options).fit(inputs, labels)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("linear_model", "LogisticRegression"),
        ("linear_model", "RidgeClassifier"),
        ("svm", "LinearSVC"),
    ],
)
@pytest.mark.parametrize("classes", [2, 3])
def test_linear_classifiers(module: str, name: str, classes: int) -> None:
    library = pytest.importorskip(f"sklearn.{module}")
    inputs, labels = data()
    labels = np.minimum(labels, classes - 1)
    trained = getattr(library, name)().fit(inputs, labels)
    model = from_sklearn(trained)
    answer = evaluated(model, inputs[:10])
    named = np.array(model.description["classes"])[answer.arrays["classes"]]
    assert named.tolist() == trained.predict(inputs[:10]).tolist()


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities(classes: int) -> None:
    library = pytest.importorskip("sklearn.linear_model")
    inputs, labels = data()
    trained = library.LogisticRegression().fit(inputs, np.minimum(labels, classes - 1))
    question = from_sklearn(trained).probabilities_question(inputs[:10])
    found = answer_here(REGISTRY.find("logistic_inference"), question)
    expected = trained.predict_proba(inputs[:10])
    given = found.arrays["probabilities"]
    assert given == pytest.approx(expected[:, 1:] if classes == 2 else expected, abs=1e-14)
    bound = found.certificate["bound"]
    assert isinstance(bound, float)
    assert bound < 1e-15


def test_probabilities_of_other_models_are_refused() -> None:
    ridge = from_sklearn(fitted("linear_model", "RidgeClassifier"))
    with pytest.raises(UnknownModelError, match="no probabilities of a logistic model"):
        ridge.probabilities_question([[0.0] * 4])


@pytest.mark.parametrize("name", ["LinearRegression", "Ridge"])
def test_linear_regressors(name: str) -> None:
    trained, inputs = fitted("linear_model", name), data()[0]
    answer = evaluated(from_sklearn(trained), inputs[3])
    assert answer.arrays["output"] == pytest.approx(trained.predict(inputs[3:4]), abs=1e-12)


@pytest.mark.parametrize(
    ("module", "name", "options"),
    [
        ("tree", "DecisionTreeClassifier", {}),
        ("tree", "DecisionTreeRegressor", {"max_depth": 3}),
        ("ensemble", "RandomForestClassifier", {"n_estimators": 5}),
        ("ensemble", "ExtraTreesRegressor", {"n_estimators": 4}),
    ],
)
def test_trees(module: str, name: str, options: dict[str, Any]) -> None:
    trained, inputs = fitted(module, name, random_state=0, **options), data()[0] + 1e-9
    model = from_sklearn(trained)
    answer = evaluated(model, inputs)
    reached = trained.apply(inputs).reshape(len(inputs), -1) + model.arrays["roots"]
    assert answer.arrays["leaves"].tolist() == reached.tolist()
    expected = getattr(trained, "predict_proba", trained.predict)(inputs)
    assert answer.arrays["means"] == pytest.approx(expected.reshape(len(inputs), -1), abs=1e-12)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_perceptron() -> None:
    trained = fitted("neural_network", "MLPClassifier", hidden_layer_sizes=(6, 5), max_iter=50)
    inputs = data()[0]
    model = from_sklearn(trained)
    scores = evaluated(model, inputs[0]).arrays["output"]
    chances = np.exp(scores) / np.exp(scores).sum()
    assert chances == pytest.approx(trained.predict_proba(inputs[:1])[0], abs=1e-12)
    question = model.bounds_question(inputs[0] - 0.01, inputs[0] + 0.01)
    bounds = answer_here(REGISTRY.find("network_bounds"), question).arrays
    assert (bounds["output_lower"] <= scores).all()
    assert (scores <= bounds["output_upper"]).all()

    label = int(scores.argmax())
    near = model.margins_question(inputs[0] - 1e-6, inputs[0] + 1e-6, label)
    margins = answer_here(REGISTRY.find("network_margins"), near).arrays["margins"]
    gaps = np.delete(scores[label] - scores, label)
    assert margins == pytest.approx(gaps, abs=1e-3)
    assert (margins <= gaps + 1e-12).all()


def test_margins_of_one_output_are_those_of_its_sign() -> None:
    layers = {"weight_1": np.array([[2.0]]), "bias_1": np.array([-1.0])}
    model = Model("network_inference", layers)
    for label, margin in ((1, -1.0), (0, -1.0)):
        question = model.margins_question([0.0], [1.0], label)
        found = answer_here(REGISTRY.find("network_margins"), question)
        assert found.arrays["margins"].tolist() == [margin]
    with pytest.raises(UnknownModelError, match="there is no class 2 among 2"):
        model.margins_question([0.0], [1.0], 2)
    with pytest.raises(UnknownModelError, match="linear_inference has no bounds"):
        Model("linear_inference", {}).bounds_question([0.0], [1.0])


def test_transformations() -> None:
    inputs = data()[0]
    for module, name, options in (
        ("preprocessing", "StandardScaler", {}),
        ("decomposition", "PCA", {"n_components": 2}),
    ):
        trained = fitted(module, name, **options)
        answer = evaluated(from_sklearn(trained), inputs[0])
        expected = trained.transform(inputs[:1])[0]
        assert answer.arrays["output"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", ["KMeans", "MiniBatchKMeans"])
def test_nearest_centres(name: str) -> None:
    trained = fitted("cluster", name, n_clusters=3, n_init=1, random_state=0)
    inputs = data()[0][:20]
    model = from_sklearn(trained)
    assert model.operation == "nearest"
    answer = evaluated(model, inputs)
    assert answer.arrays["indices"].tolist() == trained.predict(inputs).tolist()


def test_unknown_models_are_named() -> None:
    with pytest.raises(UnknownModelError, match=r"builtins\.dict is no model that is known here"):
        from_sklearn({})
    with pytest.raises(UnknownModelError, match=r"builtins\.dict is no module"):
        from_torch({})
    library = pytest.importorskip("sklearn.linear_model")
    with pytest.raises(UnknownModelError, match="LogisticRegression is not fitted"):
        from_sklearn(library.LogisticRegression())
    with pytest.raises(UnknownModelError, match=r"HuberRegressor is no model .* known are .*PCA"):
        from_sklearn(library.HuberRegressor())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_other_options_are_named() -> None:
    trained = fitted("neural_network", "MLPRegressor", activation="tanh", max_iter=5)
    with pytest.raises(UnknownModelError, match="activation 'tanh'"):
        from_sklearn(trained)
    with pytest.raises(UnknownModelError, match="with whitening"):
        from_sklearn(fitted("decomposition", "PCA", whiten=True))


def dense(nn: Any) -> tuple[Any, tuple[int, ...]]:
    parts = (nn.Linear(4, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Dropout(), nn.Linear(6, 3))
    return nn.Sequential(*parts[:3], nn.Sequential(*parts[3:])), (4,)


def convolution(nn: Any) -> tuple[Any, tuple[int, ...]]:
    first = nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2)
    second = nn.Conv2d(4, 2, 2, dilation=2, bias=False)
    parts = (first, nn.BatchNorm2d(4), nn.ReLU(), second, nn.Flatten(), nn.ReLU(), nn.Linear(8, 3))
    return nn.Sequential(*parts), (2, 7, 8)


@pytest.mark.parametrize("make", [dense, convolution])
def test_torch(make: Callable[[Any], tuple[Any, tuple[int, ...]]]) -> None:
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    module, shape = make(torch.nn)
    module = module.double()
    module(torch.rand(5, *shape, dtype=torch.float64))
    with pytest.raises(UnknownModelError, match="is in training"):
        from_torch(module, shape)
    module.eval()
    inputs = torch.rand(1, *shape, dtype=torch.float64)
    answer = evaluated(from_torch(module, shape), inputs.numpy())
    assert answer.arrays["output"] == pytest.approx(module(inputs).detach().numpy()[0], abs=1e-12)


def test_unknown_modules_are_named() -> None:
    nn = pytest.importorskip("torch").nn
    for module, words in (
        (nn.Sequential(nn.Linear(2, 2), nn.Tanh()), "Tanh is no module that is known here"),
        (nn.Sequential(nn.ReLU(), nn.Linear(2, 2)), "ReLU with no layer before it"),
        (nn.Sequential(nn.Linear(2, 2), nn.ReLU()), "does not end with an affine layer"),
        (nn.Conv2d(1, 1, 2), "Conv2d needs input_shape"),
    ):
        with pytest.raises(UnknownModelError, match=words):
            from_torch(module)
