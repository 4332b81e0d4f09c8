// "Training curves": loss and accuracy of a few runs, epoch by epoch; or a study's arms, each with
// its seeds and their mean's interval.
//
//   show: runs  ──runs, quantity, axis──▶ lines ──place──▶ every run's numbers there
//         study ──value─────────────────▶ dots  ──arm────▶ its seeds, mean and interval

import { chips, keyRows } from "../parts/chips.ts";
import { type Choice, choice, div, options, p, span } from "../parts/dom.ts";
import { type Frame, widgetFrame } from "../parts/frame.ts";
import { grids } from "../parts/grid.ts";
import { type Menus, menus } from "../parts/menus.ts";
import { plotFrame } from "../parts/plot-frame.ts";
import { saver } from "../parts/save.ts";
import type { Keeper } from "../state/keeper.ts";
import {
  AXES,
  type CurvesData,
  type CurvesView,
  placesOf,
  QUANTITIES,
  rowsOf,
  runWords,
  shownOf,
  studyWords,
  VALUES,
} from "./curves-data.ts";
import { drawRuns, drawStudy } from "./curves-plots.ts";

/**
 * In a live kernel: calls back with the data whenever Python has changed them; returns what ends
 * that.
 */
type Feed = (hear: (data: CurvesData) => void) => () => void;

export function curves(
  root: HTMLElement,
  data: CurvesData,
  keeper: Keeper,
  feed?: Feed,
): () => void {
  const widget = new Curves(root, data, keeper);
  const unfed = feed?.((next) => widget.take(next));
  return () => {
    unfed?.();
    widget.end();
  };
}

class Curves {
  private readonly frame: Frame<CurvesView>;
  private data: CurvesData;
  private words = "";
  // ---- what it consists of
  private readonly show: Choice;
  private readonly menus: Menus<"quantity" | "axis" | "value">;
  private readonly runs: ReturnType<typeof chips>;
  private readonly chart = plotFrame("Places in the chart", (at) => this.frame.wish({ at }));
  private readonly numbers = grids();
  private readonly legend = p("senet-legend");
  private readonly source = p("senet-about");

  constructor(root: HTMLElement, data: CurvesData, keeper: Keeper) {
    this.data = data;
    this.show = choice("Show", (show) => this.frame.wish({ show, at: null }));
    this.menus = menus(
      (wanted) => this.frame.wish("axis" in wanted ? { ...wanted, at: null } : wanted),
      {
        quantity: ["Quantity", QUANTITIES],
        axis: ["Along", AXES],
        value: ["Value", VALUES],
      },
    );
    const { most } = keeper.rules.runs!;
    this.runs = chips("Runs", "Add a run", most!, (runs) => this.frame.wish({ runs, at: null }));
    this.frame = widgetFrame<CurvesView>(root, keeper, () => this.data, {
      body: [
        div("senet-controls", this.show.el, ...this.menus.els),
        this.runs.el,
        this.legend,
        this.chart.el,
        this.saver(),
        this.numbers.el,
        this.source,
      ],
      draw: (now) => this.draw(now),
      spoken: () => this.words,
      mend: (now) => this.mend(now),
    });
  }

  /** Python has other data now. */
  take(data: CurvesData): void {
    this.data = data;
    this.frame.refresh();
  }

  end(): void {
    this.chart.end();
    this.frame.end();
  }

  private saver(): HTMLElement {
    return saver("the chart", {
      name: () => {
        const { show, quantity } = this.frame.now;
        return show === "runs" ? `training-${quantity}` : show;
      },
      svg: this.chart.svg,
      keys: () =>
        this.frame.now.show === "runs" ? keyRows(this.names(this.frame.now), "symbol") : [],
      rows: () => rowsOf(this.data, this.frame.now),
    });
  }

  private names(now: CurvesView): string[] {
    return shownOf(this.data, now).map(([name]) => name);
  }

  /** How many places there are depends on what is drawn. */
  private mend(now: CurvesView): CurvesView {
    const { studies } = this.data;
    const places = now.show === "runs" ? placesOf(this.data, now) : studies[now.show]!.arms;
    return now.at !== null && now.at >= places.length ? { ...now, at: null } : now;
  }

  private draw(now: CurvesView): void {
    const { data } = this;
    const study = now.show === "runs" ? null : data.studies[now.show]!;
    this.drawMenus(now);
    this.legend.replaceChildren(
      ...(study
        ? [key("seed", "one seed"), key("diamond", "mean and its 95% interval")]
        : [key("mean", "on test pictures"), key("dashed", "on those trained on")]),
    );
    this.source.textContent = study
      ? `Made by ${study.command} on ${study.date}.`
      : "Training pictures are counted as they were shown: shifted, mirrored, cut.";
    this.chart.show((width) => (study ? drawStudy(study, now, width) : drawRuns(data, now, width)));
    const caption = study ? study.title : `Every epoch, ${now.quantity}`;
    this.numbers.show(() => [{ caption, rows: rowsOf(data, now) }]);
    this.words = study ? studyWords(study) : runWords(data, now);
  }

  private drawMenus(now: CurvesView): void {
    const { data, show, menus, runs } = this;
    const studies = Object.entries(data.studies);
    const study = now.show !== "runs";
    show.select.replaceChildren(
      ...options([
        ["runs", "runs, epoch by epoch"],
        ...studies.map(([name, { title }]) => [name, `study: ${title}`] as const),
      ]),
    );
    show.select.value = now.show;
    show.el.hidden = studies.length === 0;
    menus.show(now);
    menus.by.quantity.el.hidden = menus.by.axis.el.hidden = runs.el.hidden = study;
    menus.by.value.el.hidden = !study;
    runs.show(this.names(now), Object.keys(data.histories), "symbol");
  }
}

function key(look: string, text: string): HTMLElement {
  return span(`senet-key senet-key-${look}`, text);
}
