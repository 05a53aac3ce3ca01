// The token of this tab, for servers that ask for one. It comes with `#token=` in the address or by a field, and stays
// out of the address, which people share and browsers remember.

const KEY = 'parley.token';

let token = '';

/** The token, or an empty string. */
export function currentToken() {
  return token;
}

/** Takes another token; empty for none. */
export function keepToken(value) {
  token = value.trim();
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // storage is switched off: it is known until the page is left
  }
  document.dispatchEvent(new Event('tokenchange'));
}

function takeFromAddress() {
  const inHash = new URLSearchParams(location.hash.slice(1));
  if (inHash.has('token')) {
    const url = new URL(location.href);
    const value = inHash.get('token');
    inHash.delete('token');
    url.hash = inHash;
    history.replaceState(null, '', url);
    keepToken(value);
  }
}

try {
  token = sessionStorage.getItem(KEY) ?? '';
} catch {
  // storage is switched off
}
takeFromAddress();
addEventListener('hashchange', takeFromAddress); // put into the address of a page that is open
