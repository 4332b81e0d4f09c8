// The widgets whose data lies in the page, for pages: a script of its own, fetched when the first
// of them comes near. The explorer's pages, which carry a gallery, do without it.

import { offer } from "./network/offer.ts";
import { EMBEDDED } from "./widgets/embedded.ts";

export type Figures = typeof EMBEDDED;

offer("figures", EMBEDDED);
