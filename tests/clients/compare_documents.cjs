// Reads pairs of OpenAPI documents, and prints for each pair what another differ thinks of every difference.
const { readFileSync } = require("node:fs");
const { apiCompare } = require("api-smart-diff");

const pairs = JSON.parse(readFileSync(process.argv[2], "utf8"));
// What it cannot classify it tells on this very channel.
console.error = console.log = () => {};
const kinds = pairs.map(([before, after]) => [...new Set(apiCompare(before, after).diffs.map((diff) => diff.type))]);
process.stdout.write(JSON.stringify(kinds));
