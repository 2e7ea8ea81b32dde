// SGD with momentum, with torch.optim.SGD's settings.
