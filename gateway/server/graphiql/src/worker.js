// All of Monaco's workers in one file: they share most of their code, and the page starts each under
// its own name. A dynamic import runs before the first message is delivered, since both are bundled here.
switch (self.name) {
  case "json":
    import("monaco-editor/esm/vs/language/json/json.worker.js");
    break;
  case "graphql":
    import("monaco-graphql/esm/graphql.worker.js");
    break;
  default:
    import("monaco-editor/esm/vs/editor/editor.worker.js");
}
