// Bundles the page into dist/: see README.md. Everything that it takes from elsewhere ends up in the bundle.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import { licenseTexts } from "./licenses.js";

const root = import.meta.dirname;
const dist = (name) => join(root, "dist", name);

/** Replaces modules by the smaller ones in src/slim. */
const slim = {
  name: "slim",
  setup(build) {
    const replace = (filter, file) =>
      build.onResolve({ filter }, ({ importer }) =>
        importer.startsWith(join(root, "src/slim")) ? undefined : { path: join(root, "src/slim", file) },
      );
    replace(/\/edcore\.main\.js$/, "editor.js");
    replace(/\/(diffEditorWidget|multiDiffEditorWidget)\.js$/, "diff.js");
    replace(/^prettier\/standalone$/, "prettier.js");
    replace(/^prettier\/(parser-babel|plugins\/estree)$/, "nothing.js");
    // The same plugin under its old name, which would bring a second copy.
    build.onResolve({ filter: /^prettier\/parser-graphql$/ }, ({ resolveDir }) =>
      build.resolve("prettier/plugins/graphql", { kind: "import-statement", resolveDir }),
    );
  },
};

const banner = "/*! Licences of the code in here: THIRD-PARTY-LICENSES.txt beside this file. */";
const { metafile, outputFiles } = await esbuild.build({
  absWorkingDir: root,
  entryPoints: { graphiql: "src/main.jsx", worker: "src/worker.js" },
  outdir: "dist",
  write: false,
  bundle: true,
  minify: true,
  metafile: true,
  format: "iife",
  target: ["es2022"],
  jsx: "automatic",
  loader: { ".graphql": "text", ".ttf": "dataurl" },
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  banner: { js: banner, css: banner },
  plugins: [slim],
  logLevel: "warning",
});

const licenses = licenseTexts(metafile);
const template = readFileSync(join(root, "src/index.html"), "utf8");

// One version names them all: it is part of every asset's address, so that they can be cached for ever.
const hash = createHash("sha256").update(template).update(licenses);
for (const { contents } of outputFiles) hash.update(contents);
const version = hash.digest("hex").slice(0, 16);

rmSync(dist(""), { recursive: true, force: true });
mkdirSync(dist(""));
writeFileSync(dist("version.txt"), version);
writeFileSync(dist("index.html"), template.replaceAll("{version}", version));
writeFileSync(dist("THIRD-PARTY-LICENSES.txt"), licenses);
const served = [...outputFiles, { path: dist("THIRD-PARTY-LICENSES.txt"), contents: Buffer.from(licenses) }];
for (const { path, contents } of served) {
  const packed = gzipSync(contents, { level: 9 });
  writeFileSync(`${path}.gz`, packed);
  console.log(`${path.slice(root.length + 1)}: ${contents.length} bytes, ${packed.length} as gzip`);
}
