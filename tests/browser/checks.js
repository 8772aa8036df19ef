// What tests ask of a page: each a function without arguments, that gives JSON.

({
// What reaches beyond the window, unless it lies in something that scrolls.
overflow: () => {
  if (document.documentElement.scrollWidth > innerWidth) {
    const scrolls = (node) => node && (["auto", "scroll", "hidden"].includes(getComputedStyle(node).overflowX) || scrolls(node.parentElement));
    return [...document.body.querySelectorAll("*")].filter((each) => each.getBoundingClientRect().right > innerWidth + 1 && !scrolls(each.parentElement))
      .slice(0, 5).map((each) => `${each.tagName}.${each.className.baseVal ?? each.className} ${each.textContent.slice(0, 30)}`).concat("page");
  }
  return [];
},

// Texts of less contrast than 4.5 to what they stand on. A text in a picture stands on the picture's card.
pale: () => {
  const rgb = (text) => { const n = text.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const over = ([r, g, b, a], under) => [r, g, b].map((each, n) => each * a + under[n] * (1 - a));
  const ground = (node) => {
    if (!node) return [255, 255, 255];
    const own = rgb(getComputedStyle(node).backgroundColor);
    return own[3] === 1 ? own.slice(0, 3) : over(own, ground(node.parentElement));
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((each) => { const c = each / 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
  const found = new Map();
  for (const node of document.body.querySelectorAll("*")) {
    const own = [...node.childNodes].some((each) => each.nodeType === 3 && each.textContent.trim());
    if (!own || !node.checkVisibility({ visibilityProperty: true }) || node.closest(":disabled, option, title, .skip, noscript, .key[aria-pressed=false]")) continue;
    const style = getComputedStyle(node);
    const inside = node.closest("svg");
    const under = ground(inside ? inside.parentElement : node);
    const value = contrast(over(rgb(inside ? style.fill : style.color), under), under);
    if (value < 4.5) found.set(`${node.tagName}.${node.className.baseVal ?? node.className}`, `${value.toFixed(2)} ${node.textContent.slice(0, 30)}`);
  }
  return [...found];
},

// Controls without a name, pictures without one, and ids that are given twice.
nameless: () => {
  const visible = (each) => each.checkVisibility({ visibilityProperty: true });
  const named = (each) => each.getAttribute("aria-label") || each.getAttribute("aria-labelledby") || each.labels?.length || (each.tagName === "BUTTON" && each.textContent.trim());
  const controls = [...document.querySelectorAll("button, input, select, textarea, progress")].filter((each) => visible(each) && !named(each));
  const pictures = [...document.querySelectorAll("svg")].filter((each) => visible(each) && !(each.getAttribute("aria-label") && each.getAttribute("role")));
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  return [...controls, ...pictures].map((each) => each.outerHTML.slice(0, 120)).concat(ids.filter((each, n) => ids.indexOf(each) !== n));
},

// The element that has the focus.
focused: () => {
  const node = document.activeElement;
  if (!node || node === document.body) return null;
  const labels = [...(node.labels || [])].map((each) => each.textContent).join(" ");
  const style = getComputedStyle(node);
  return {
    n: [...document.querySelectorAll("*")].indexOf(node), id: node.id, svg: node.tagName === "svg",
    name: (node.getAttribute("aria-label") || labels || node.textContent || "").trim(), outline: style.outlineStyle !== "none",
  };
},
})
