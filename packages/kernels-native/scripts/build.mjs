// Builds the addon in the workspace. A machine that cannot compile goes on without it: the other backends work.
import { buildAddon, missingTools } from './toolchain.mjs';

const missing = missingTools();
if (missing.length) {
  console.error(
    `@apb/kernels-native: not compiled, this machine lacks ${missing.join(', ')}; install that and run the build again, until then @apb/runtime takes another backend`,
  );
} else if (!buildAddon()) {
  console.error('@apb/kernels-native: the addon could not be compiled, see the errors above');
  process.exitCode = 1;
}
