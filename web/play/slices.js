// Does a training's work in slices, and lets a worker listen between them.

const slice = 60; // ms of work, then it listens
const pulse = 150; // ms of work from one pulse to the next

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Slices {
  paused = false;
  steps = 0; // minibatches that are wanted while it is paused

  // training: of training.js. tested(row, spent) hears of each test, pulsed(row, spent)
  // of the last minibatch, now and then; spent: ms of work so far, pauses left out.
  // Ends with the last row and the ms.
  async work(training, { tested, pulsed }) {
    let [spent, told] = [0, 0];
    let row = null;
    while (true) {
      const start = performance.now();
      let isDue = false;
      while ((!this.paused || this.steps) && performance.now() < start + slice) {
        const { value, done } = training.next();
        const now = spent + performance.now() - start;
        if (done) return { row, spent: now };
        if (value?.answers) tested(value, now);
        if (!value) continue;
        row = value;
        if (!this.steps) continue;
        this.steps--;
        isDue = true;
      }
      if (!this.paused || isDue) spent += performance.now() - start;
      if (row && (isDue || spent >= told + pulse)) {
        told = spent;
        pulsed(row, spent);
      }
      await wait(this.paused ? 100 : 0);
    }
  }
}
