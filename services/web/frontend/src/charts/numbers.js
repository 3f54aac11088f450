// How numbers are written: as the pages write them, as many digits as the quantity is known to, thousands apart.
// English is read on both sides of the Atlantic: a thin space is a decimal sign to neither.
const THIN = "\u202f";

function written(value, options) {
  const language = document.documentElement.lang;
  const text = value.toLocaleString(language, { useGrouping: "always", ...options });
  return language === "en" ? text.replaceAll(",", THIN) : text;
}

export function shown(value, digits) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  const places = digits ?? (size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 4);
  return written(value, { maximumFractionDigits: size >= 1000 ? 0 : places });
}

export const whole = (value) => shown(value, 0);
export const tick = (value) => written(value, { maximumSignificantDigits: 6 });
/** A place on an axis of time, as exact as the place is; the first one always tells its year. */
export function moment(value, index) {
  const at = new Date(value);
  const wanted = at.getHours() ? { hour: "numeric", minute: "2-digit" }
    : at.getDate() > 1 ? { day: "numeric", month: "short" }
      : at.getMonth() ? { month: "short" } : { year: "numeric" };
  if (index === 0) wanted.year = "numeric";
  return new Intl.DateTimeFormat(document.documentElement.lang, wanted).format(at);
}

export const short = (text, length) => (text.length > length ? `${text.slice(0, length - 1)}…` : text);
