// How numbers are written: as many digits as the quantity is known to, thousands apart.
export function shown(value, digits) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  const places = digits ?? (size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 4);
  return value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: size >= 1000 ? 0 : places });
}

export const whole = (value) => shown(value, 0);
export const short = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
