import DefaultTheme from 'vitepress/theme';
import type { Theme } from 'vitepress';
import { defineAsyncComponent } from 'vue';

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    // Only its own page loads the runtime.
    app.component('Playground', defineAsyncComponent(() => import('./playground/Playground.vue')));
  },
} satisfies Theme;
