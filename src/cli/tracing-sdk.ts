import type { Logger } from './log.js';

/** Ends the export of spans; sends what is left first. */
export type StopTracing = () => Promise<void>;

/**
 * Sends spans to the collector that the standard environment names (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT, unless
 * OTEL_SDK_DISABLED is true). The SDK is no dependency of ours: it is used when the packages are installed beside iu-core, and when they
 * are not, a warning says so and nothing is traced. Resolves to undefined when nothing was started.
 */
export async function startTracing(
  environment: Readonly<Record<string, string | undefined>>,
  version: string,
  logger: Pick<Logger, 'warn' | 'info'>,
): Promise<StopTracing | undefined> {
  const url = tracesUrl(environment);
  if (url === undefined || environment.OTEL_SDK_DISABLED?.toLowerCase() === 'true') return undefined;
  try {
    const [
      { BatchSpanProcessor, NodeTracerProvider },
      { OTLPTraceExporter },
      { defaultResource, resourceFromAttributes },
    ] = await Promise.all([
      import('@opentelemetry/sdk-trace-node'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
    ]);
    const own = { 'service.name': environment.OTEL_SERVICE_NAME ?? 'iu-core', 'service.version': version };
    const provider = new NodeTracerProvider({
      resource: defaultResource().merge(resourceFromAttributes(own)),
      spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url }))],
    });
    // Also the context manager: without it nothing knows which span is the current one.
    provider.register();
    logger.info('sends are traced');
    return () => provider.shutdown().catch(() => {});
  } catch (error) {
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'error';
    logger.warn(
      'nothing is traced: npm i @opentelemetry/sdk-trace-node @opentelemetry/exporter-trace-otlp-http @opentelemetry/resources',
      { code },
    );
    return undefined;
  }
}

function tracesUrl(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: traces, OTEL_EXPORTER_OTLP_ENDPOINT: all } = environment;
  if (traces !== undefined && traces !== '') return traces;
  return all === undefined || all === '' ? undefined : `${all.replace(/\/+$/, '')}/v1/traces`;
}
