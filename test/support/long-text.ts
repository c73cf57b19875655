// What demo/echo is asked to say where something is to happen in mid-answer: said at forty words a
// second, it outlasts every test, so that it does, however slow the machine.
import { tourText } from 'verbatim/models';

export const longText = Array.from({ length: 8 }, () => tourText).join('\n\n');
