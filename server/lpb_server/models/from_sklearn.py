"""Fitted models of scikit-learn as arrays; the library itself is not imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import numpy as np

from lpb_server.models.description import Model, UnknownModelError, network_model, type_name
from lpb_server.wire.values import Value, ValueMap

__all__ = ["from_sklearn"]


def from_sklearn(model: Any) -> Model:
    """Turn a fitted model into arrays that an operation evaluates.

    Parameters
    ----------
    model : object
        Linear and ridge regression, logistic regression, ridge and linear support vector
        classifiers, decision trees, random forests, extra trees, MLPs with rectifiers,
        ``StandardScaler``, ``PCA`` without whitening, ``KMeans``, ``MiniBatchKMeans``.

    Raises
    ------
    UnknownModelError
        When it is another model, is not fitted, or is fitted with an option that is not known here.
    """
    name = type_name(model)
    make = _MAKERS.get(type(model).__qualname__) if name.startswith("sklearn.") else None
    if make is None:
        known = ", ".join(sorted(_MAKERS))
        raise UnknownModelError(f"{name} is no model that is known here; known are {known}")
    try:
        return make(model)
    except AttributeError as error:
        raise UnknownModelError(f"{name} is not fitted: {error}") from None


def _described(model: Any, **more: Value) -> ValueMap:
    classes = getattr(model, "classes_", None)
    named: ValueMap = {} if classes is None else {"classes": np.asarray(classes).tolist()}
    return {"model": type_name(model), **named, **more}


def _linear_classifier(model: Any) -> Model:
    weight = np.atleast_2d(np.asarray(model.coef_, np.float64))
    bias = np.broadcast_to(np.asarray(model.intercept_, np.float64), (len(weight),))
    arrays = {"weight": np.ascontiguousarray(weight), "bias": np.array(bias)}
    return Model("linear_inference", arrays, _described(model))


def _logistic(model: Any) -> Model:
    """Its probabilities are shares of exponentials, unless it is fitted class by class."""
    apart = model.solver == "liblinear" or getattr(model, "multi_class", "auto") == "ovr"
    shares = len(model.coef_) == 1 or not apart
    found = _linear_classifier(model)
    return replace(found, description={**found.description, "logistic": shares})


def _linear_regressor(model: Any) -> Model:
    weight = np.atleast_2d(np.asarray(model.coef_, np.float64))
    bias = np.broadcast_to(np.asarray(model.intercept_, np.float64), (len(weight),))
    return network_model([(weight, np.array(bias))], _described(model), model)


def _trees(model: Any) -> Model:
    estimators = getattr(model, "estimators_", None)
    trees = [model.tree_] if estimators is None else [item.tree_ for item in estimators]
    if any(tree.n_outputs != 1 for tree in trees):
        raise UnknownModelError(f"{type_name(model)} with several outputs is not known here")
    parts: dict[str, list[Any]] = {
        key: [] for key in ("feature", "threshold", "left", "right", "value")
    }
    roots, start = [], 0
    for tree in trees:
        roots.append(start)
        parts["feature"].append(tree.feature)
        parts["threshold"].append(tree.threshold)
        for side, children in (("left", tree.children_left), ("right", tree.children_right)):
            parts[side].append(np.where(children >= 0, children + start, children))
        parts["value"].append(tree.value[:, 0, :])
        start += tree.node_count
    doubles = ("threshold", "value")
    arrays = {
        key: np.concatenate(values).astype(np.float64 if key in doubles else np.int64)
        for key, values in parts.items()
    }
    arrays["roots"] = np.array(roots, np.int64)
    return Model("tree_inference", arrays, _described(model, trees=len(trees)), single=True)


def _perceptron(model: Any) -> Model:
    if model.activation != "relu":
        raise UnknownModelError(
            f"{type_name(model)} with activation {model.activation!r}: only 'relu' is known here"
        )
    layers = [
        (np.asarray(weight, np.float64).T, np.asarray(bias, np.float64))
        for weight, bias in zip(model.coefs_, model.intercepts_, strict=True)
    ]
    return network_model(layers, _described(model, after=str(model.out_activation_)), model)


def _scaler(model: Any) -> Model:
    n = model.n_features_in_
    scale = np.ones(n) if model.scale_ is None else np.asarray(model.scale_, np.float64)
    mean = np.zeros(n) if model.mean_ is None else np.asarray(model.mean_, np.float64)
    weight = np.diag(1.0 / scale)
    return network_model(
        [(weight, -mean / scale)], _described(model, rounded="1 / scale, mean / scale"), model
    )


def _components(model: Any) -> Model:
    if model.whiten:
        raise UnknownModelError(f"{type_name(model)} with whitening is not known here")
    weight = np.asarray(model.components_, np.float64)
    bias = -(weight @ np.asarray(model.mean_, np.float64))
    return network_model([(weight, bias)], _described(model, rounded="the mean's image"), model)


def _centres(model: Any) -> Model:
    """A cluster is the index of its centre; scikit-learn compares rounded distances."""
    centres = np.asarray(model.cluster_centers_, np.float64)
    return Model("nearest", {"points": np.ascontiguousarray(centres)}, _described(model))


_MAKERS: Final[dict[str, Callable[[Any], Model]]] = {
    **dict.fromkeys(
        ("RidgeClassifier", "LinearSVC", "SGDClassifier", "Perceptron"), _linear_classifier
    ),
    "LogisticRegression": _logistic,
    **dict.fromkeys(("LinearRegression", "Ridge", "Lasso", "ElasticNet"), _linear_regressor),
    **dict.fromkeys(
        (
            *("DecisionTreeClassifier", "DecisionTreeRegressor"),
            *("RandomForestClassifier", "RandomForestRegressor"),
            *("ExtraTreesClassifier", "ExtraTreesRegressor"),
        ),
        _trees,
    ),
    **dict.fromkeys(("MLPClassifier", "MLPRegressor"), _perceptron),
    "StandardScaler": _scaler,
    "PCA": _components,
    **dict.fromkeys(("KMeans", "MiniBatchKMeans"), _centres),
}
