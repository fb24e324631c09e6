"""A classifier of hand-written digits, and how far each image can be changed for certain.

scikit-learn trains a small network on its own digits: 64 pixels from 0 to 16. For some images the
largest radius is sought by which every pixel may change, together, while a certificate shows that
no image in the box gets another class. With a file's name a picture is drawn (matplotlib).

Prints::

    right about the test images: more than 90 %
    images of 8 with a certified radius: 8
    the largest of these lets every pixel change by more than 0.2 of 16: True
"""

import sys

import lean_python_bridge as lpb
import numpy as np
from lpb_server.models import from_sklearn
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier

digits = load_digits()
train, test = slice(0, 1400), slice(1400, None)
classifier = MLPClassifier((16,), alpha=10.0, max_iter=1000, random_state=0)
classifier.fit(digits.data[train], digits.target[train])
accuracy = classifier.score(digits.data[test], digits.target[test])

network = from_sklearn(classifier)
layers = {
    name: array
    for name, array in network.question(digits.data[test][:1]).arrays.items()
    if name.startswith(("weight", "bias"))
}


def keeps_its_class(image, radius):
    """Whether a certificate shows that no image in the box has another class."""
    box = {"lower": image - radius, "upper": image + radius}
    answer = lpb.certified("network_bounds", arrays={**layers, **box})
    lower, upper = answer.arrays["output_lower"], answer.arrays["output_upper"]
    best = int(np.argmax(lower))
    return bool(lower[best] > np.delete(upper, best).max())


def certified_radius(image):
    """The largest radius, to a hundredth of a shade of grey, by halving."""
    low, high = 0.0, 4.0
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (middle, high) if keeps_its_class(image, middle) else (low, middle)
    return low


images = digits.data[test][:8]
radii = [certified_radius(image) for image in images]

print(f"right about the test images: {'more' if accuracy > 0.9 else 'less'} than 90 %")
print(f"images of 8 with a certified radius: {sum(radius > 0 for radius in radii)}")
print(f"the largest of these lets every pixel change by more than 0.2 of 16: {max(radii) > 0.2}")

if len(sys.argv) > 1:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 4, figsize=(8, 4.6))
    for axis, image, radius in zip(axes.flat, images, radii, strict=True):
        axis.imshow(image.reshape(8, 8), cmap="gray_r")
        axis.set_title(f"radius {radius:.2f}")
        axis.axis("off")
    figure.savefig(sys.argv[1])
