// What a model says that reads on one side of a base alone, where the others read both (docs/design/causal.md).

/** Whether a model says p(base | the bases before it), and not p(base | all others). */
export const isOneSided = (model) => model.given === "left";

const SAID = {
  expect: () =>
    "Each letter is the mean of what it says from the left and, along the other strand, from the right. It can't fill in a span, which takes both sides.",
  change: () =>
    "So whole windows are compared: ln p(with the change) − ln p(without it), the mean of both strands. There is no logo, and nothing is said of what a change moves elsewhere: both ask for p(base | all others).",
  depend: (model) =>
    `So it has no dependency map, which asks how p(base | all others) moves: choose a duplex or a masked model for that.${model.attentions ? " In its attention a base looks at itself and those before it." : ""}`,
};

/** What to know of a pane when such a model is chosen, "" of other models and panes. */
export function oneSided(pane, model) {
  if (!isOneSided(model) || !SAID[pane]) return "";
  return `${model.id} is a causal model: it says how likely a base is after those before it, never from both sides at once. ${SAID[pane](model)}`;
}
