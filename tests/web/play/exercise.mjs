// Checks answers for test_play_exercises.py: [key, texts] as JSON on stdin, what is said
// of each on stdout.
import { readFileSync } from "node:fs";
import { check } from "../../../web/play/exercise_check.js";

const cases = JSON.parse(readFileSync(0, "utf-8"));
console.log(JSON.stringify(cases.map(([key, texts]) => check(key, texts).said)));
