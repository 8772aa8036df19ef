// Mouse, wheel and keys of the map.

import { announce } from "./dom.js";

/** Let a person point, drag, zoom and go from dot to dot in the picture of a map. */
export function listen(map, svg) {
  const point = (event) => {
    const box = svg.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * map.size.width,
      ((event.clientY - box.top) / box.height) * map.size.height,
    ];
  };
  let from = null;
  svg.addEventListener("pointerdown", (event) => {
    from = { at: point(event), zoom: { ...map.zoom }, moved: false };
  });
  svg.addEventListener("pointermove", (event) => {
    const at = point(event);
    if (from && event.buttons) {
      const [dx, dy] = [at[0] - from.at[0], at[1] - from.at[1]];
      if (Math.hypot(dx, dy) > 4) from.moved = true;
      if (from.moved) {
        const keep = (value, length) => Math.min(0, Math.max(length * (1 - map.zoom.k), value));
        map.zoom = { ...map.zoom, x: keep(from.zoom.x + dx, map.size.width), y: keep(from.zoom.y + dy, map.size.height) };
        map.place();
      }
    } else map.point(map.nearest(at, 18));
  });
  svg.addEventListener("pointerleave", () => {
    from = null;
  });
  svg.addEventListener("click", (event) => {
    if (!from?.moved) map.opened(map.nearest(point(event), 18));
    from = null;
  });
  svg.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && document.activeElement !== svg && map.zoom.k === 1 && event.deltaY > 0) return;
      event.preventDefault();
      map.scale(event.deltaY < 0 ? 1.2 : 1 / 1.2, point(event));
    },
    { passive: false },
  );
  svg.addEventListener("keydown", (event) => {
    const way = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    if (way) {
      const next = map.beside(way);
      if (next >= 0) {
        map.point(next);
        announce(map.told.textContent);
      }
    } else if (event.key === "Enter" || event.key === " ") map.opened(map.at);
    else if (event.key === "+" || event.key === "=") map.scale(1.5, map.screen(map.at));
    else if (event.key === "-") map.scale(1 / 1.5, map.screen(map.at));
    else return;
    event.preventDefault();
  });
}
