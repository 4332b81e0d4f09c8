// A notebook as home: Python keeps the view in traits.

import type { Gallery } from "../network/gallery.ts";
import type { Model } from "../network/kernel.ts";
import type { Home, Wanted } from "./home.ts";

/**
 * Python's trait for a field of a view, and how its value is read and written where it is another
 * there.
 */
export interface Trait {
  name: string;
  read?(value: any, gallery: Gallery): unknown;
  write?(value: any, gallery: Gallery): unknown;
}

/** Pictures of one's own have no lasting ids: Python counts them. */
export const POSITION: Pick<Trait, "read" | "write"> = {
  read: (position, { pictures }) => (position === null ? null : pictures[position]?.id),
  write: (id, { pictures }) => (id === null ? null : pictures.findIndex((p) => p.id === id)),
};

export function kernelHome<V extends { picture: string }>(
  model: Model,
  traits: Partial<Record<keyof V, Trait>>,
): Home<V> {
  const gallery = model.get("_gallery") as Gallery;
  const fields = Object.entries(traits) as [keyof V, Trait][];
  let keeping = false;
  const read = (trait: Trait) =>
    trait.read ? trait.read(model.get(trait.name), gallery) : model.get(trait.name);
  return {
    initial: () => ({
      author: Object.fromEntries(fields.map(([field, trait]) => [field, read(trait)])) as Wanted<V>,
      reader: {},
    }),
    keep(view) {
      keeping = true; // set() reports changes back at once
      for (const [field, trait] of fields)
        model.set(trait.name, trait.write ? trait.write(view[field], gallery) : view[field]);
      keeping = false;
      model.save_changes();
    },
    listen(wish) {
      const hearers = fields.map(([field, trait]) => {
        const hear = () => {
          if (!keeping) wish({ [field]: read(trait) } as Wanted<V>);
        };
        model.on(`change:${trait.name}`, hear);
        return () => model.off(`change:${trait.name}`, hear);
      });
      return () => hearers.forEach((end) => end());
    },
    link: () => null,
  };
}
