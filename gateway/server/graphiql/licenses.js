// The licence texts of every package that ended up in the bundle, as one file.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const TEXTS = /^(licen[cs]e|copying|notice|third-?party-?notices)([.-].*)?$/i;

/** One text out of esbuild's list of what was bundled. Fails on a package that has no licence to show. */
export function licenseTexts(metafile) {
  const folders = new Set();
  for (const output of Object.values(metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      const folder = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
      if (folder && bytesInOutput > 0) folders.add(folder);
    }
  }
  const sections = [...folders].map(section);
  sections.sort((a, b) => (a.title < b.title ? -1 : 1));
  const list = sections.map(({ title, license }) => `  ${title} (${license})`).join("\n");
  const head = `The GraphiQL page contains code of the packages below, each under its own licence.\n\n${list}\n`;
  return head + sections.map(({ title, text }) => `\n${"=".repeat(80)}\n${title}\n\n${text}\n`).join("");
}

function section(folder) {
  const { name, version, license, author, repository } = JSON.parse(
    readFileSync(join(import.meta.dirname, folder, "package.json"), "utf8"),
  );
  if (!license) throw new Error(`${name} names no licence in its package.json: look it up before shipping it`);
  const files = readdirSync(join(import.meta.dirname, folder)).filter((file) => TEXTS.test(file));
  const texts = files.sort().map((file) => readFileSync(join(import.meta.dirname, folder, file), "utf8"));
  const text = texts.map((text) => text.replaceAll("\r\n", "\n").trim()).join("\n\n") || fallback(license, author, repository);
  return { title: `${name} ${version}`, license, text };
}

// Some packages publish no licence file, only the name of the licence.
function fallback(license, author, repository) {
  const source = (repository?.url ?? repository ?? "").replace(/^git\+/, "").replace(/\.git$/, "");
  const holder = typeof author === "string" ? author : author?.name;
  const bundled = join(import.meta.dirname, "licenses", `${license}.txt`);
  if (!existsSync(bundled)) throw new Error(`no licence text for ${source || "a package"} (${license}): add licenses/${license}.txt`);
  return `Copyright (c) ${holder ?? `the contributors${source && ` of ${source}`}`}\n\n${readFileSync(bundled, "utf8").trim()}`;
}
