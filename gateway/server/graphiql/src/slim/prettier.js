// Stands in for `prettier/standalone`. GraphiQL loads prettier's whole JavaScript half to format the JSON of
// variables and headers; the JSON parser that is bundled anyway does that too, comments included.
import { applyEdits, format as edits } from "jsonc-parser";
import * as prettier from "prettier/standalone";

export async function format(text, options) {
  if (options.parser === "jsonc") {
    return applyEdits(text, edits(text, undefined, { insertSpaces: true, tabSize: 2, eol: "\n" }));
  }
  return prettier.format(text, options);
}
