"""Measures torchinfo's summary of VGG16 on the meta device, where nothing is computed."""

import json
import sys

import torchinfo
from repeated import median
from torch import nn

BLOCKS = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))


def vgg16() -> nn.Module:
    """Returns the network as torchvision defines it."""
    layers: list[nn.Module] = []
    channels = 3
    for filters, count in BLOCKS:
        for _ in range(count):
            layers += [nn.Conv2d(channels, filters, 3, padding=1, device="meta"), nn.ReLU()]
            channels = filters
        layers.append(nn.MaxPool2d(2))
    layers.append(nn.Flatten())
    for before, after in ((25088, 4096), (4096, 4096)):
        layers += [nn.Linear(before, after, device="meta"), nn.ReLU(), nn.Dropout()]
    return nn.Sequential(*layers, nn.Linear(4096, 1000, device="meta"))


def text() -> str:
    """Builds the network and prints its summary. convcalc does the same when it reads a spec and prints its summary."""
    return str(torchinfo.summary(vgg16(), input_size=(1, 3, 224, 224), device="meta", verbose=0))


assert "138,357,544" in text(), "this is not VGG16"
print(json.dumps({"seconds": median(text, int(sys.argv[1]))}))
