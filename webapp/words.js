// What the page says about its connection.

/** Why a connection was lost, and why one was closed for good and what to do, by code. */
const LOST = {
  1001: 'the server is stopping or starting anew',
  1006: 'the server does not answer',
  1008: 'the server ended it',
  1011: 'something went wrong in the server',
  1012: 'the server is starting anew',
  1013: 'it was too slow to keep up, or the server is full',
};
const CLOSED = {
  1000: 'It was closed in the ordinary way.',
  1002: 'The server could not read what it was sent. Reload the page.',
  1003: 'The server does not take this kind of message. Reload the page.',
  1007: 'What was sent is not text in UTF-8.',
  1008: 'This page is not allowed here, perhaps since a login has ended. Reload the page, or wait a moment first.',
  1009: 'A message was larger than this server takes. Send smaller ones.',
};

/** Whether the token was found wrong before it was sent. */
export function isTokenFault({ reason }) {
  return reason?.startsWith('no token') ?? false;
}

/** The state in a few words; `name` is what one is called, or empty. */
export function shortWords({ name: state, seconds }, name) {
  const words = {
    idle: 'Not connected',
    connecting: 'Connecting…',
    open: name === '' ? 'Connected, without a name' : `Connected as ${name}`,
    waiting: `Lost, coming back in ${seconds} s`,
    closed: 'Closed',
  };
  return words[state];
}

/** Why the connection is away, as a sentence. */
export function whyAway(state, wasOpen) {
  const { code, reason, status } = state;
  const said = reason.replace(/\.$/, '');
  if (status !== undefined) {
    return `The server refuses this page: ${said} (${status}).`;
  }
  if (isTokenFault(state)) {
    return `${said[0].toUpperCase()}${said.slice(1)}.`;
  }
  const isNotAllowed = code === 1008 && said !== '';
  if (!wasOpen) {
    return isNotAllowed ? `The server refuses this page: ${said}.` : 'The server cannot be reached, or refuses this page.';
  }
  const isIdle = code === 1001 && reason.startsWith('idle');
  const why = isIdle ? 'the server had heard nothing from here for too long' : LOST[code] ?? `code ${code}`;
  return `The connection was lost: ${why}${isNotAllowed ? ` (${said})` : ''}.`;
}

/** Why the connection was closed for good, and what to do. */
export function whyClosed({ code, reason }) {
  return `The connection was closed (${code}${reason ? `: ${reason}` : ''}). ${CLOSED[code] ?? ''}`;
}
