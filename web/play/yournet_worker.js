// Trains a reader's net off the page's thread.
//
// layers: of a plan (yournet_plan.js). settings: { optimizer: "Adam" or "SGD", lr,
// momentum (of SGD), minibatch, seed, images (how many to train on), testEvery (images) }.
// data: as data.js unpacks it.
//
// In:
//   estimate { layers, settings }     build, try a few minibatches, and forget it
//   start { data, layers, settings }  train; one training a worker
//   pause, resume
//   step                              one minibatch more, while it is paused
// There is no "stop": the page terminates the worker, which frees its memory.
//
// Out:
//   estimate { bytes, imagesPerSecond, seconds, simd, refusal }  seconds: of the whole
//            training, tests included, at this machine's pace; refusal: a sentence where it
//            takes too much memory or time, else null (start then answers it as failed)
//   pulse    { seen, loss, meter, spent, imagesPerSecond, secondsLeft }  some seven times a
//            second, and after a step. loss: of the last minibatch; meter: [{ row, name,
//            gradient }], the mean size of the gradient in each layer's weights; spent: ms
//            of work, pauses left out
//   test     as pulse, and { accuracy, answers, silent }  accuracy: on the held-out images;
//            answers: the class said for each of them; silent: [{ row, name, silent, of }]
//            for each ReLU: how many of its maps (or units) no held-out image wakes. The
//            first comes before the first step, the last after the last
//   done     { seen, accuracy, spent }
//   lost     { seen, loss }           the loss is no number: it has stopped
//   failed   { message }
