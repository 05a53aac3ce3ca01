// The fields of the page: what may be in them, and what is wrong with it.

/** What the server takes for a room and for a name. It would refuse others without a word that a page can read. */
const ROOM = /^(?!\.\.?$)[A-Za-z0-9._-]{1,64}$/;
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Co}\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]/u;

export const element = (id) => document.getElementById(id);

export function roomFault(name) {
  if (name === '') {
    return 'Say which room.';
  }
  return ROOM.test(name) ? '' : 'A room has 1 to 64 letters A to Z, digits, dots, underscores or hyphens, and is not “.” or “..”.';
}

export function nameFault(name) {
  if ([...name].length > 40) {
    return 'A name has at most 40 characters.';
  }
  return UNPRINTABLE.test(name) ? 'A name has printable characters only.' : '';
}

/** Shows what is wrong with a field, empty for nothing, and says whether it is fine. */
export function check(id, faultId, fault) {
  const field = element(id);
  element(faultId).textContent = fault;
  field.setAttribute('aria-invalid', String(fault !== ''));
  if (fault !== '') {
    field.focus();
  }
  return fault === '';
}

export function onSubmit(id, act) {
  element(id).addEventListener('submit', (event) => {
    event.preventDefault();
    act();
  });
}

export function setText(id, text) {
  if (element(id).textContent !== text) {
    element(id).textContent = text;
  }
}

/** Takes a fault away once its field has been put right. */
export function clearFault(id, faultId, faultOf) {
  element(id).addEventListener('input', () => {
    if (element(faultId).textContent !== '' && faultOf(element(id).value.trim()) === '') {
      setText(faultId, '');
      element(id).removeAttribute('aria-invalid');
    }
  });
}
