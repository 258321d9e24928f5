// Opens the viewer in Chromium, gives it the key, and tries one call out as a person would; see tests/test_viewer.py.
// Prints what the page shows of the answer, which other hosts it asked for, and what went wrong in it.
const { chromium } = require("playwright-core");

async function main([executablePath, url, key, operation]) {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const page = await browser.newPage();
  page.setDefaultTimeout(20000);
  const seen = { foreign: [], broken: [] };
  page.on("request", (request) => {
    const address = request.url();
    if (!address.startsWith(url) && !address.startsWith("data:")) seen.foreign.push(address);
  });
  page.on("pageerror", (error) => seen.broken.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") seen.broken.push(message.text());
  });

  await page.goto(`${url}/v1/docs`);
  await page.locator(".opblock-tag").first().waitFor();
  for (const tag of await page.locator(".opblock-tag").all()) await tag.click();
  seen.operations = await page.locator(".opblock-tag-section .opblock").count();
  seen.ids = await page.locator(".opblock-summary-operation-id").allInnerTexts();
  await page.locator(".auth-wrapper .authorize").first().click();
  await page.locator(".auth-container input").fill(key);
  await page.locator(".auth-btn-wrapper .authorize").click();
  await page.locator(".auth-btn-wrapper .btn-done").click();

  const block = page.locator(`[id$="-${operation}"]`);
  await block.locator(".opblock-summary-control").click();
  await block.getByRole("button", { name: "Execute" }).click();
  const live = block.locator(".live-responses-table");
  seen.status = (await live.locator(".response-col_status").last().innerText()).trim();
  seen.body = await live.locator(".highlight-code code").first().textContent();
  await browser.close();
  process.stdout.write(JSON.stringify(seen));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
