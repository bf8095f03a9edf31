/** The version of the package. A test holds it equal to package.json. */
export const VERSION = '0.1.0';

/** `npm run package` puts it in place of the name: the commit that it was made from, `-dirty` behind it where files differed. */
declare const INDELIBLE_COMMIT: string | undefined;

/** The code that seals, as semantic versioning writes a build; goes into every seal. Run from its sources, it names no commit. */
export const CODE = `indelible/${VERSION}${typeof INDELIBLE_COMMIT === 'undefined' ? '' : `+${INDELIBLE_COMMIT}`}`;
