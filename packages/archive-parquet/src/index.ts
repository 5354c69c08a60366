export { openParquetWriter } from './parquet-writer.ts';
