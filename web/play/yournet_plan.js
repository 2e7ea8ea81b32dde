// From a traced net to a plan that is trained here, or the sentence why not.
//
// plan(traced, minibatch) takes what any_net.js's trace(text, [1, 1, 28, 28]) returns,
// and answers
//   { refusal, layer }: a sentence for the reader; layer: its place in traced.layers, or
//     null where it is about the whole net (what the tracer itself finds wrong included);
//   { layers, parameters, macs, refusal: null } otherwise: layers is a list of plain
//     objects, ready to be posted to the worker, each with row, its place in traced.rows;
//     parameters and macs (multiply-adds of one image, forward) are the tracer's.
// It runs on the page, at each change of the text; it builds nothing. What memory and time
// a plan takes the worker says (yournet_worker.js, "estimate").
