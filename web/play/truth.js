// What Python takes for true.
export function truth(value) {
  if (Array.isArray(value) || typeof value === "string") return value.length > 0;
  return Boolean(value instanceof Number ? Number(value) : value);
}
