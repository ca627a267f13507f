// The page: GraphiQL against the GraphQL endpoint it was served by.
//
// It must reach for nothing but its own origin: no CDN, no web fonts, no analytics. All addresses are
// relative to the page, so it also works behind a path prefix.

// Monaco's styles have to come before GraphiQL's, which override them.
import "monaco-graphql/esm/monaco-editor.js";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "graphiql/graphiql.css";
import "./page.css";

import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";
import { tabs } from "./samples.js";

const { endpoint, worker } = document.getElementById("graphiql").dataset;

globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(new URL(worker, document.baseURI), { name: label }),
};

const fetcher = createGraphiQLFetcher({ url: new URL(endpoint, document.baseURI).href });

// `defaultTabs` counts only for a visitor without stored tabs; others find their own again.
createRoot(document.getElementById("graphiql")).render(
  <GraphiQL fetcher={fetcher} defaultTabs={tabs} isHeadersEditorEnabled>
    <GraphiQL.Logo>Causeway</GraphiQL.Logo>
  </GraphiQL>,
);
