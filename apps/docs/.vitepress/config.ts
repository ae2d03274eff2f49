import { existsSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitepress';

// Written by typedoc; absent until `pnpm run api` ran.
const sidebarFile = new URL('../api/typedoc-sidebar.json', import.meta.url);
const api = existsSync(sidebarFile) ? JSON.parse(readFileSync(sidebarFile, 'utf8')) : [];

/** Where the site lies on its server: a project's pages on GitHub stand below its name. */
const base = process.env.APB_DOCS_BASE ?? '/';

export default defineConfig({
  base,
  title: 'apb',
  description: 'Binary neural networks that keep a few weights in full precision',
  head: [['link', { rel: 'icon', href: `${base}favicon.svg`, type: 'image/svg+xml' }]],
  srcExclude: ['README.md', 'public/**'],
  // The playground's workers load kernels when they need them, which takes several files.
  vite: { worker: { format: 'es' } },
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Guide', link: '/guide/start' },
      { text: 'Playground', link: '/playground' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: [
      {
        text: 'Guide',
        items: [
          { text: 'Start here', link: '/guide/start' },
          { text: 'How it works', link: '/guide/method' },
          { text: 'Quantizers', link: '/guide/quantizers' },
          { text: 'The packages', link: '/guide/packages' },
          { text: 'Data sets', link: '/guide/data' },
          { text: 'Training', link: '/guide/training' },
          { text: 'The model file', link: '/guide/model-file' },
          { text: 'Compress your own model', link: '/guide/own-model' },
          { text: 'Compress without training', link: '/guide/compress' },
          { text: 'Compare methods, look into runs', link: '/guide/sweep' },
          { text: 'Export to other runtimes', link: '/guide/export' },
          { text: 'Kernels and their speed', link: '/guide/kernels' },
          { text: 'Kernels in WebAssembly', link: '/guide/wasm' },
          { text: 'Whole layers and networks', link: '/guide/networks' },
          { text: 'Add an instruction set', link: '/guide/add-instruction-set' },
        ],
      },
      { text: 'API', collapsed: true, items: api },
    ],
  },
});
