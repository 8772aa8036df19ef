// Fetch a published model, so that the explorer offers it.

import { ask, say } from "./ask.js";

const button = document.getElementById("load");
button?.addEventListener("click", async () => {
  button.disabled = true;
  say("Fetching it: large ones take minutes …");
  try {
    await ask("POST", `/api/models/${button.dataset.model}/load`);
    say("It is here: the explorer offers it now.");
  } catch (error) { say(error.message, true); button.disabled = false; }
});
