/** Of the code that seals; goes into every seal. A test holds it equal to package.json. */
export const VERSION = '0.1.0';
