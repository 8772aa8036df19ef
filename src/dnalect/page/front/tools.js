// Theme, link, and what the page is.

import { h, toast } from "./dom.js";

/** Theme, link, and what the page is. */
export function tools(app, top, foot) {
  const root = document.documentElement;
  const themes = ["", "light", "dark"];
  const names = { "": "Theme: as the system", light: "Theme: light", dark: "Theme: dark" };
  const theme = h("button", {
    type: "button",
    class: "small",
    onclick: () => turn(themes[(themes.indexOf(root.dataset.theme || "") + 1) % 3]),
  });
  const turn = (name) => {
    if (name) root.dataset.theme = name;
    else delete root.dataset.theme;
    theme.textContent = names[name];
    dispatchEvent(new Event("themed"));
  };
  turn("");
  const link = h(
    "button",
    {
      type: "button",
      class: "small",
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(location.href);
          toast("The link to exactly this is copied.");
        } catch {
          toast("The address of this page is the link: copy it from the browser's bar.");
        }
      },
    },
    "Copy link",
  );
  top.append(link, theme);
  foot.append(
    h(
      "p",
      {},
      `Computed ${app.engine.place}. `,
      "Positions are 1-based. ",
      h("a", { href: "https://github.com/dnalect/dnalect" }, "dnalect"),
      ", Apache-2.0.",
    ),
  );
}
