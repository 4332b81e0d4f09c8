// Notebooks: anywidget's module. The same widgets, with Python as their engine.

import { kernelExplorer } from "./explorer/homes.ts";
import { kernelProbe, type Model } from "./network/kernel.ts";
import { div, h } from "./parts/dom.ts";
import { kernelKeeper, PAUSE } from "./state/keeper.ts";
import { EMBEDDED } from "./widgets/embedded.ts";
import { shallowDeep } from "./widgets/shallow-deep.ts";

async function render({ model, el }: { model: Model; el: HTMLElement }): Promise<() => void> {
  el.classList.add("senet-widget");
  const live = div("senet-live");
  el.append(live);
  try {
    const kind = model.get("_widget") as string;
    const embedded = EMBEDDED[kind];
    if (embedded) return embedded(live, model.get("_data"), kernelKeeper(model, PAUSE));
    // The figure draws itself around the first answer. It is not awaited here: anywidget gives a
    // widget two seconds to be ready.
    const down =
      kind === "explorer"
        ? kernelExplorer(live, model)
        : kernelProbe(model).then((probe) => shallowDeep(live, probe, kernelKeeper(model)));
    down.catch((error: Error) =>
      live.replaceChildren(h("p", { class: "senet-problem", role: "alert" }, error.message)),
    );
    return () => void down.then((end) => end());
  } catch (error) {
    live.replaceChildren(
      h("p", { class: "senet-problem", role: "alert" }, (error as Error).message),
    );
    return () => {};
  }
}

export default { render };
