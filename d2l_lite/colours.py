"""The colours of the book: one a layer kind, one a net, everywhere the same."""

# An opaque light card: legible on a light page and on a dark one.
CARD, INK, FAINT = "#fbfaf6", "#1f2430", "#6b7280"
# Told apart by colour-blind readers too: one colour a layer kind, and one a net.
BLUE, GREEN, PURPLE, RED = "#0064b0", "#0a8a66", "#a23b7c", "#b3261e"
KINDS = {"Conv2d": BLUE, "AvgPool2d": GREEN, "MaxPool2d": GREEN, "Linear": PURPLE}
LENET, ALEXNET = "#454c58", "#bf4f00"
NETS = {"LeNet": LENET, "AlexNet": ALEXNET}
