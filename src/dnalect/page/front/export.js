// A picture as a file: SVG with its styles inside, PNG from it.

const KEPT = [
  "fill",
  "fill-opacity",
  "fill-rule",
  "stroke",
  "stroke-width",
  "stroke-opacity",
  "stroke-dasharray",
  "opacity",
  "font-family",
  "font-size",
  "font-weight",
  "text-anchor",
];
const SCALE = 2;

function styled(original, copy) {
  const style = getComputedStyle(original);
  for (const name of KEPT) {
    const value = style.getPropertyValue(name);
    if (value) copy.setAttribute(name, value);
  }
  for (let n = 0; n < original.children.length; n += 1) styled(original.children[n], copy.children[n]);
}

/** The text of a picture that needs no style sheet. */
export function asSvg(svg, title) {
  const copy = svg.cloneNode(true);
  styled(svg, copy);
  for (const each of copy.querySelectorAll(".cursor,.hit")) each.remove();
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  for (const name of ["tabindex", "role", "aria-label", "aria-describedby", "aria-roledescription", "class", "style"])
    copy.removeAttribute(name);
  const said = document.createElementNS("http://www.w3.org/2000/svg", "title");
  said.textContent = title;
  const paper = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  paper.setAttribute("width", width);
  paper.setAttribute("height", height);
  paper.setAttribute("fill", getComputedStyle(document.documentElement).getPropertyValue("--paper").trim());
  copy.prepend(said, paper);
  return new XMLSerializer().serializeToString(copy);
}

/** A PNG of the picture, at twice its size, as a Blob. */
export async function asPng(svg, title) {
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(asSvg(svg, title))}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  const scale = Math.min(SCALE, 12000 / width);
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error("This browser can't draw the picture as PNG; take the SVG."))),
      "image/png",
    );
  });
}

/** Hand a file to the person. */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
