"""The helper of the book "From LeNet to AlexNet": load, trace, train, draw."""

from d2l_lite.data import load_data_fashion_mnist
from d2l_lite.device import pick_device
from d2l_lite.draw import plot_runs, show_images
from d2l_lite.measure import evaluate
from d2l_lite.nets import alexnet, lenet
from d2l_lite.shapes import trace
from d2l_lite.train import train_image_classifier

__all__ = [
    "alexnet",
    "evaluate",
    "lenet",
    "load_data_fashion_mnist",
    "pick_device",
    "plot_runs",
    "show_images",
    "trace",
    "train_image_classifier",
]
