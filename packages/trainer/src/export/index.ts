export { type ExportOptions, exportModel } from './exportModel.js';
