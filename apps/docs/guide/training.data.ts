import { resolveConfig, trainSettings } from '@apb/trainer';

export interface SettingRow {
  readonly name: string;
  readonly values: string;
  readonly description: string;
  /** Of ResNet-20 on CIFAR-10; empty where the setting is absent. */
  readonly preset: string;
}

declare const data: SettingRow[];

export { data };

/** Rows of the table in training.md, from what the trainer checks settings by. */
export default {
  load(): SettingRow[] {
    const presets: Record<string, unknown> = { ...resolveConfig({ model: 'resnet20', data: 'cifar10' }) };
    return trainSettings.map(setting => ({ ...setting, preset: shown(setting.name, presets[setting.name]) }));
  },
};

function shown(name: string, preset: unknown): string {
  if (preset === undefined || ['model', 'data'].includes(name)) return '';
  return typeof preset === 'object' ? JSON.stringify(preset).replace(/"/g, '') : String(preset);
}
