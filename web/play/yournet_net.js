// From a plan (yournet_plan.js) to a net and its optimizer, and how much memory they take.
//
// build(layers, { minibatch, seed }) gives a Net (nets.js) with PyTorch's first weights by
// layer kind; each of its layers has the row of its plan. makeOptimizer(net, { optimizer, lr,
// momentum }) gives Adam or SGD; bytesOf(layers, settings) the bytes of all their numbers.
