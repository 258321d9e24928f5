// Reads pages of the documentation's site in Chromium, in light and dark, and searches for a word; see tests/test_site.py.
// Prints which other hosts the pages asked for, what went wrong in them, their titles, and what the search found.
const { chromium } = require("playwright-core");

async function main([executablePath, url, word, ...paths]) {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  const seen = { foreign: [], broken: [], titles: {}, backgrounds: [] };
  for (const colorScheme of ["light", "dark"]) {
    const page = await browser.newPage({ colorScheme });
    page.setDefaultTimeout(20000);
    page.on("request", (request) => {
      const address = request.url();
      if (!address.startsWith(url) && !/^(data|blob):/.test(address)) seen.foreign.push(address);
    });
    page.on("response", (response) => {
      if (response.status() >= 400) seen.broken.push(`${response.status()} ${response.url()}`);
    });
    page.on("pageerror", (error) => seen.broken.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") seen.broken.push(message.text());
    });

    for (const path of paths) {
      await page.goto(`${url}/${path}`, { waitUntil: "networkidle" });
      seen.titles[path] = await page.locator("h1").first().innerText();
    }
    seen.backgrounds.push(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));

    await page.keyboard.press("Control+k");
    await page.keyboard.type(word);
    const found = page.locator("a mark", { hasText: new RegExp(`^${word}`, "i") }).first();
    await found.waitFor();
    seen.found = (await found.innerText()).toLowerCase();
    await page.close();
  }
  await browser.close();
  process.stdout.write(JSON.stringify(seen));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1);
});
