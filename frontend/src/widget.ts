// Notebooks: anywidget's module. The same widgets, with Python as their engine.

import { h } from "./dom.ts";
import { kernelExplorer } from "./explorer-homes.ts";
import { kernelHome, kernelProbe, type Model } from "./kernel.ts";
import { LOCAL } from "./local.ts";
import { kernelKeeper } from "./settings.ts";
import { shallowDeep } from "./shallow-deep.ts";

const WIDGETS: Record<string, typeof shallowDeep> = { "shallow-deep": shallowDeep };

async function render({ model, el }: { model: Model; el: HTMLElement }): Promise<() => void> {
  el.classList.add("senet-widget");
  const live = h("div", { class: "senet-live" });
  el.append(live);
  try {
    const kind = model.get("_widget") as string;
    const local = LOCAL[kind];
    if (local) return local(live, model.get("_data"), kernelKeeper(model, model.get("_names")));
    const build = WIDGETS[kind];
    if (!build && kind !== "explorer") throw new Error(`no widget is called ${kind}`);
    // The figure draws itself around the first answer. It is not awaited here: anywidget gives a widget two seconds to be ready.
    const down = build ? kernelProbe(model).then((probe) => build(live, probe, kernelHome(model))) : kernelExplorer(live, model);
    down.catch((error: Error) => live.replaceChildren(h("p", { class: "senet-problem", role: "alert" }, error.message)));
    return () => void down.then((end) => end());
  } catch (error) {
    live.replaceChildren(h("p", { class: "senet-problem", role: "alert" }, (error as Error).message));
    return () => {};
  }
}

export default { render };
