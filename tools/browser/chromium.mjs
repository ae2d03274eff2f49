import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

/** Where distributions and CI images put it; the environment variable CHROMIUM goes first. */
const places = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

const executablePath = places.find(path => path && existsSync(path));

/** Why there is no browser here; undefined where there is one. */
export const noChromium = executablePath
  ? undefined
  : 'no Chromium or Chrome found; install one (Debian: apt-get install chromium) or set CHROMIUM to its path';

/** A headless browser with a fresh profile that talks to nobody on its own. */
export function launchChromium() {
  if (noChromium) throw new Error(noChromium);
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
    ],
  });
}

/**
 * Everything a page complains about: messages of level error, uncaught errors, requests that fail.
 * @param {import('playwright-core').Page} page
 * @returns {string[]} filled as it happens
 */
export function complaintsOf(page) {
  const complaints = [];
  page.on('console', message => message.type() === 'error' && complaints.push(message.text()));
  page.on('pageerror', error => complaints.push(String(error)));
  page.on('requestfailed', request => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
  return complaints;
}
