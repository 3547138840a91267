import type { SendOutcome } from '../../contract/delivery/delivery.js';

/** Names of certificate problems as Node gives them, besides those that begin with CERT_. */
const certificateCodes = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_CRL',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'HOSTNAME_MISMATCH',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);

const connectCodes: Readonly<Record<string, string>> = {
  ADDRESS_REFUSED: 'address_refused',
  NAME_NOT_RESOLVED: 'dns_failed',
  ECONNREFUSED: 'connect_refused',
  ENETUNREACH: 'connect_unreachable',
  EHOSTUNREACH: 'connect_unreachable',
  ETIMEDOUT: 'connect_timeout',
  UND_ERR_CONNECT_TIMEOUT: 'connect_timeout',
  UND_ERR_DESTROYED: 'target_closed',
  UND_ERR_CLOSED: 'target_closed',
};

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  // undici's parser has its own reason for some, without a code.
  return error instanceof Error && error.name === 'HTTPParserError' ? 'HPE_INVALID' : '';
}

/** The failure of a request of which no byte was written: certainly not taken. */
export function notConnected(error: unknown, secure: boolean): SendOutcome {
  const code = codeOf(error);
  const failed = (failureCode: string, failureDetail: string): SendOutcome => ({
    status: 'failed',
    failureCode,
    failureDetail,
  });
  const known = connectCodes[code];
  // Messages of our own and of undici name host and reason; of the rest only the code is kept.
  if (known === 'address_refused' || known === 'dns_failed') return failed(known, (error as Error).message);
  if (known !== undefined) return failed(known, code);
  if (certificateCodes.has(code) || code.startsWith('CERT_')) return failed('tls_certificate', code);
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_') || code === 'EPROTO')
    return failed('tls_failed', code);
  // Over TLS the far side closed before the handshake was done.
  if (code === 'ECONNRESET') return failed(secure ? 'tls_failed' : 'connect_failed', code);
  if (code === 'UND_ERR_INVALID_ARG') {
    return {
      status: 'failed',
      failureCode: 'request_invalid',
      failureDetail: 'a header cannot be sent',
      permanent: true,
    };
  }
  return failed('connect_failed', code === '' ? 'error without a code' : code);
}

/** What became of a request that was begun and has no full answer: nobody knows. */
export function withoutAnswer(error: unknown): SendOutcome {
  const code = codeOf(error);
  if (
    code.startsWith('HPE_') ||
    code === 'UND_ERR_HEADERS_OVERFLOW' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
  ) {
    return { status: 'unknown', failureCode: 'answer_malformed', failureDetail: code };
  }
  return {
    status: 'unknown',
    failureCode: 'connection_lost',
    failureDetail: code === '' ? 'error without a code' : code,
  };
}
