// A file with its gates brought out, as sebook/network_files/onnx_network.py does it: each gate can
// be read, and set from outside, where NaN leaves the network's own.
//
//   s ──┬─▶ Where(NaN given? s : given) ──▶ product
//   given ┘

import type { Found } from "./gates.ts";
import type { Parsed } from "./graph.ts";
import {
  again,
  type Field,
  fields,
  joined,
  message,
  number,
  type Piece,
  string,
  text,
} from "./onnx-bytes.ts";

export const given = (gate: Found) => `senet.given.${gate.depth}`;
export const used = (gate: Found) => `senet.used.${gate.depth}`;

/** A gate with what a run has told about its tensor. */
export interface Measured extends Found {
  dims: readonly number[];
  /** TensorProto's number for the kind of its elements. */
  type: number;
}

/** The file with these tensors as further outputs. */
export function withOutputs(parsed: Parsed, names: string[]): Uint8Array<ArrayBuffer> {
  return written(parsed, parsed.body.map(again), names);
}

/** The file with its gates brought out, and these tensors as further outputs. */
export function tapped(
  parsed: Parsed,
  gates: Measured[],
  names: string[],
): Uint8Array<ArrayBuffer> {
  const by = new Map(gates.map((gate) => [gate.excitation, gate]));
  const body = parsed.body.flatMap((field): Piece[] => {
    if (field.number !== 1) return [again(field)];
    const node = fields(field.bytes);
    const renamed = node.some(({ number, bytes }) => number === 1 && by.has(text(bytes)));
    const made = node
      .filter(({ number }) => number === 2)
      .map(({ bytes }) => by.get(text(bytes)))
      .filter((gate) => gate !== undefined);
    const own = renamed
      ? message(
          1,
          node.map((each) => reads(each, by)),
        )
      : again(field);
    return [own, ...made.flatMap(added)];
  });
  return written(parsed, [...body, ...gates.map(input)], names);
}

function reads(field: Field, by: Map<string, Measured>): Piece {
  const gate = field.number === 1 ? by.get(text(field.bytes)) : undefined;
  return gate ? string(1, used(gate)) : again(field);
}

function added(gate: Measured): Piece[] {
  const free = `${given(gate)}.free`;
  return [
    message(1, [string(1, given(gate)), string(2, free), string(4, "IsNaN")]),
    message(1, [
      string(1, free),
      string(1, gate.excitation),
      string(1, given(gate)),
      string(2, used(gate)),
      string(4, "Where"),
    ]),
  ];
}

function input(gate: Measured): Piece {
  const shape = gate.dims.map((length) => message(1, number(1, length)));
  const tensor = [number(1, gate.type), message(2, shape)];
  return message(11, [string(1, given(gate)), message(2, message(1, tensor))]);
}

function written(parsed: Parsed, body: Piece[], names: string[]): Uint8Array<ArrayBuffer> {
  const { outputs } = parsed.graph;
  const more = [...new Set(names)].filter((name) => !outputs.includes(name));
  const graph = [...body, ...more.map((name) => message(12, string(1, name)))];
  return joined([...parsed.model.map(again), message(7, graph)]);
}
