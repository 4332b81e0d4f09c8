// The networks that were trained, as files: saved, opened, and taken to the explorer.

import { button, h } from "../parts/dom.ts";
import { hand } from "../parts/save.ts";
import { HANDED, handOver } from "../state/handed.ts";
import { ARMS, type Arm, type TrainView } from "./train-data.ts";
import type { Session } from "./train-session.ts";

/** @param tell what came of it, in words */
export function networkFiles(
  session: Session,
  now: () => TrainView,
  tell: (note: string) => void,
): { out: HTMLElement[]; in: HTMLElement } {
  const nameOf = (arm: Arm) => {
    const run = session.now ?? session.runs.at(-1);
    const kind = arm === "none" ? "resnet8" : run ? `se_resnet8_r${run.r}` : "se_resnet8";
    return run ? `${kind}_seed${run.seed}` : kind;
  };
  const failed = (error: unknown) => tell((error as Error).message);
  const save = async (arm: Arm) => {
    const about = { made: "in a page of the book", with: navigator.userAgent };
    const bytes = await session.file(arm, { save: about });
    const name = `${nameOf(arm)}.safetensors`;
    hand(name, new Blob([bytes]));
    tell(`Saved ${name}. In Python: senet.pretrained.load(senet.pretrained.read("${name}")).`);
  };
  const explore = async () => {
    const bytes = await session.file("se", { network: true });
    const file = new File([bytes], `${nameOf("se")}.onnx`);
    await handOver({ file, like: "se_resnet_patchwork" });
    location.href = `explorer.html${HANDED}`; // a chapter of the same folder
  };
  const savers = (Object.keys(ARMS) as Arm[]).map((arm) =>
    button(`Save the network ${ARMS[arm]}`, () => void save(arm).catch(failed)),
  );
  const look = button("Look inside the network with SE", () => void explore().catch(failed));
  const input = h("input", {
    type: "file",
    accept: ".safetensors",
    onchange: () => {
      const [file] = input.files ?? [];
      if (!file) return;
      session
        .open(file, now())
        .then(tell, failed)
        .finally(() => {
          input.value = ""; // so that the same file can be chosen again
        });
    },
  });
  const opener = h("label", { class: "senet-train-open" }, "Open a saved network: ", input);
  return { out: [...savers, look], in: opener };
}
