// Notebooks: anywidget's module for the widgets whose charts a plotting library draws. (The others
// are in widget.ts.)

import type { Model } from "./network/kernel.ts";
import { div } from "./parts/dom.ts";
import { kernelKeeper, PAUSE } from "./state/keeper.ts";
import { curves } from "./widgets/curves.ts";
import { pairs } from "./widgets/pairs.ts";
import { profiles } from "./widgets/profiles.ts";
import { train } from "./widgets/train.ts";

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  el.classList.add("senet-widget");
  const live = div("senet-live");
  el.append(live);
  const keeper = kernelKeeper(model, PAUSE);
  if (model.get("_widget") === "train") return train(live, model.get("_data"), keeper, null);
  if (model.get("_widget") === "pairs") return pairs(live, model.get("_data"), keeper);
  if (model.get("_widget") === "profiles") {
    return profiles(live, model.get("_data"), keeper, (name) =>
      Promise.reject(new Error(`${name} is not among the profiles`)),
    );
  }
  return curves(live, model.get("_data"), keeper, (hear) => {
    const changed = () => hear(model.get("_data"));
    model.on("change:_data", changed);
    return () => model.off("change:_data", changed);
  });
}

export default { render };
