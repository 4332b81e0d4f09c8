// The licences of the packages that bundles contain, from esbuild's account of what went in.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Metafile } from "esbuild";

const RULE = "=".repeat(78);
const PACKAGE = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const kept = (name: string) => readFileSync(join(import.meta.dirname, name), "utf8").trim();
const [MIT, APACHE] = [kept("mit.txt"), kept("apache-2.0.txt")];

/** Folders of the packages whose code is in these bundles. */
export function packages(metafiles: Metafile[]): string[] {
  const outputs = metafiles.flatMap((each) => Object.values(each.outputs));
  const inputs = outputs.flatMap((output) =>
    Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [path] : [],
    ),
  );
  return [...new Set(inputs.flatMap((path) => PACKAGE.exec(path)?.[1] ?? []))].sort();
}

/**
 * One text with the licences of packages in these folders.
 * @param remarks what has to be said besides, by the package's name
 */
export function notices(folders: string[], remarks: Record<string, string> = {}): string {
  return folders.map((folder) => notice(folder, remarks)).join("\n");
}

function notice(folder: string, remarks: Record<string, string>): string {
  const { name, version, license, author } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  );
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file));
  let text = files.map((file) => readFileSync(join(folder, file), "utf8").trim()).join("\n\n");
  if (!text && license === "Apache-2.0") text = APACHE;
  if (!text) {
    if (license !== "MIT")
      throw new Error(`${name} comes without a licence file, and "${license}" has no text here`);
    const holder = typeof author === "string" ? author : (author?.name ?? fromReadme(folder, name));
    text = `MIT License\n\nCopyright (c) ${holder}\n\n${MIT}`;
  }
  const remark = remarks[name] ? `${remarks[name]}\n\n` : "";
  return `${RULE}\n${name} ${version}\n${RULE}\n\n${remark}${text}\n`;
}

function fromReadme(folder: string, name: string): string {
  const readme = join(folder, "README.md");
  const found =
    existsSync(readme) && /copyright[^\n]*?([A-Z][^\n]*)/i.exec(readFileSync(readme, "utf8"));
  if (!found) throw new Error(`${name} states no holder of its copyright`);
  return found[1]!;
}
