// Builds every bundle that a page loads. A new page with packages of its own: one line in ENTRIES.
import { build } from "esbuild";

const ENTRIES = {
  charts: "src/charts/page.js",
  skin: "src/skin/page.js",
  phantom: "src/skin/phantom.js",
};

await build({
  entryPoints: ENTRIES,
  outdir: "../dosebus_web/static/build",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  legalComments: "linked",
  logLevel: "info",
});
