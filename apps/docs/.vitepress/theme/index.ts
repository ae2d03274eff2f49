import type { Theme } from 'vitepress';
import DefaultTheme from 'vitepress/theme';
import { defineAsyncComponent } from 'vue';

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    // Only its own page loads the runtime.
    app.component(
      'Playground',
      defineAsyncComponent(() => import('./playground/Playground.vue')),
    );
  },
} satisfies Theme;
