// Elements, numbers in words, and what every picture shares.

const SVG = "http://www.w3.org/2000/svg";

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "style") Object.assign(node.style, value);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && (name === "value" || name === "checked" || name === "disabled" || name === "hidden"))
      node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false));
  return node;
}

/** An element of HTML: h("p", {class: "x"}, "text", other). Text stays text. */
export const h = (tag, attributes, ...children) => filled(document.createElement(tag), attributes, children);

/** An element of SVG. */
export const s = (tag, attributes, ...children) => filled(document.createElementNS(SVG, tag), attributes, children);

export const number = (value, digits = 2) =>
  value === null || !Number.isFinite(value)
    ? "not known"
    : value
        .toFixed(digits)
        .replace(/^-(0(\.0*)?)$/, "$1")
        .replace("-", "−");
export const signed = (value, digits = 2) => (Number.isFinite(value) && value > 0 ? "+" : "") + number(value, digits);
export const whole = (value) => Math.round(value).toLocaleString("en");
export const percent = (value, digits = 1) => `${number(100 * value, digits)}%`;
/** The largest of the numbers that are known, at least `least`. */
export const largest = (values, least) =>
  values.reduce((most, each) => (each !== null && Number.isFinite(each) && each > most ? each : most), least);
/** A share that is never said to be all or none when it isn't. */
export function chance(p) {
  if (p >= 0.995) return p >= 0.9995 ? ">0.999" : p.toFixed(3);
  return p < 0.001 ? "<0.001" : p.toFixed(p < 0.01 ? 3 : 2);
}

/** After `wait` ms without another call. */
export function settled(run, wait) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...given), wait);
  };
}

let live = null;
/** Say a sentence to screen readers. */
export function announce(text) {
  live ||= document.getElementById("live");
  if (live) live.textContent = text;
}

/** Let the figure around a picture say what is pointed at. */
export const tell = (node, text) => node.dispatchEvent(new CustomEvent("told", { detail: text, bubbles: true }));

let told = null;
let hiding = 0;
/** Show a sentence to everybody, for a while. */
export function toast(text, wrong = false) {
  told ||= document.getElementById("toast");
  told.textContent = text;
  told.className = wrong ? "toast wrong" : "toast";
  told.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(
    () => {
      told.hidden = true;
    },
    wrong ? 9000 : 3500,
  );
}

export const replace = (node, ...children) => {
  node.replaceChildren(...children.flat(Infinity).filter(Boolean));
  return node;
};
