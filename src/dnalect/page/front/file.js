// The entry of the file: everything lies in the page itself.

import { open } from "../engine/engine.js";
import { start } from "./main.js";

const text = (id) => document.getElementById(id).textContent;
const data = async (name) => JSON.parse(text(`data-${name}`));

start(() => open(text("pack"), JSON.parse(text("engine-sources"))), data);
