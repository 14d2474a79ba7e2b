//! Every English word of the game. A language is added by a module of the same shape; the rules know none of this.
//! Names of buttons are also what screen readers say and what `test/walkthrough.js` clicks.

/** @param {number} seconds @returns {string} minutes and seconds */
function clockTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}

/** @param {number} seconds @returns {string} the same to be spoken */
function spokenTime(seconds) {
  const minutes = Math.floor(seconds / 60);
  const rest = seconds % 60;
  const parts = [];
  if (minutes > 0) parts.push(`${minutes} minute${minutes === 1 ? '' : 's'}`);
  if (rest > 0 || minutes === 0) parts.push(`${rest} second${rest === 1 ? '' : 's'}`);
  return parts.join(' ');
}

export const text = {
  title: 'The Locked Study',
  clockTime,
  spokenTime,

  bar: {
    timer: 'Time',
    /** @param {number} seconds */
    penalty: (seconds) => `+ ${clockTime(seconds)} for hints`,
    help: 'Help',
    hints: 'Hints',
    soundOn: 'Sound: on',
    soundOff: 'Sound: off',
    giveUp: 'Give up',
  },

  views: {
    label: 'Where to look',
    study: 'Study',
    observatory: 'Observatory',
    /** @param {string} names */
    looking: (names) => `Looking at this with you: ${names}`,
    names: 'Show names',
  },

  pockets: {
    label: 'Shared pockets',
    empty: 'Nothing yet. Whatever anybody takes, everybody has.',
    /** @param {string} item @param {string} place */
    wrongPlace: (item, place) => `${item} and ${place}: they have nothing to say to each other.`,
  },

  close: 'Step back',

  items: {
    moon: { name: 'Brass moon', look: 'A brass ball the size of a plum, one half polished, one half dark. There is a small square hole underneath, as if it had once sat on an arm.' },
    eyepiece: { name: 'Eyepiece', look: 'A telescope eyepiece, wrapped in a sock. On the sock, in ink: "There is a star that winks. The Society says there is not. It winks the tune my bells are hung for."' },
    key: { name: 'Iron key', look: 'A heavy iron door key. The bow is shaped like a bell.' },
    winder: { name: 'Winding key', look: 'A little brass key for winding a clock. A paper tag hangs on it: "Wind me, and set me to the minute I was let out."' },
    knob: { name: 'Door knob', look: 'A round china door knob, white, with a crack like a river. So that is where it went.' },
  },

  figures: {
    snail: { name: 'The Snail', stars: 'seven stars curling in upon themselves' },
    kettle: { name: 'The Kettle', stars: 'five stars in a ring, and two leading away to the upper right' },
    oar: { name: 'The Oar', stars: 'six stars in one slanting line, the lowest two side by side' },
    heron: { name: 'The Heron', stars: 'five stars in one upright line, with a sixth to the upper left and a seventh to the right of the middle' },
    kite: { name: 'The Kite', stars: 'four stars in a diamond, and three trailing below' },
    ladder: { name: 'The Ladder', stars: 'eight stars in two upright rows of four' },
  },

  books: { anchor: 'Anchor', owl: 'Owl', bee: 'Bee', crown: 'Crown', thistle: 'Thistle', moth: 'Moth', fox: 'Fox' },
  directions: { n: 'north', ne: 'north-east', e: 'east', se: 'south-east', s: 'south', sw: 'south-west', w: 'west', nw: 'north-west' },
  bodies: { moon: 'The moon', striped: 'The striped planet', ringed: 'The ringed planet' },
  numerals: ['I', 'II', 'III', 'IV', 'V'],
  numbers: ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'],

  /** @param {number} place @param {string} letter */
  plate: (place, letter) => `A small brass plate: the numeral ${['I', 'II', 'III', 'IV', 'V'][place - 1]}, and the letter ${letter}.`,

  wheel: {
    /** @param {string} wheel */
    next: (wheel) => `${wheel}: next`,
    /** @param {string} wheel */
    previous: (wheel) => `${wheel}: previous`,
    /** @param {string} wheel @param {string} value */
    value: (wheel, value) => `${wheel}: ${value}`,
  },

  /** Hotspots of the two views: the name of each thing. */
  spots: {
    door: 'The door',
    portrait: 'Portrait of an astronomer',
    table: 'Framed table of figures',
    bells: 'Row of bells',
    clock: 'Clock on the mantelpiece',
    fire: 'Fireplace',
    cat: 'The cat',
    glass: 'Coloured glass in the window',
    letter: 'Letter on the desk',
    moon: 'Paperweight',
    diary: 'Diary on the desk',
    drawer: 'Desk drawer',
    bookcase: 'Bookcase',
    passage: 'Passage behind the bookcase',
    arch: 'Archway to the study',
    chart: 'Star chart',
    orrery: 'Orrery',
    telescope: 'Telescope',
    logbook: 'Logbook',
    bench: 'Stone bench',
    slit: 'Opening in the dome',
  },

  letter: {
    title: 'A letter on the desk',
    lines: [
      'My dears,',
      'If you are reading this, the draught has shut the door behind you. It always does, and then it locks. Do not shout for Tam. He is deaf on that side of the house.',
      'You will get out the way I did, by looking. Begin with the books. The case swings open for anybody who knows how I spend a day, and so:',
      'I rise with the one who makes the honey. At noon I walk where only donkeys care to dine. At dusk I open the window for a guest who loves my lamp too well. And I go to bed when the mouse-catcher comes home.',
      'Four books, in that order. The rest you will find further up.',
      'Your loving great-aunt,',
      'Elspeth Marrow',
      'P.S. Take the brass moon if it pleases you. It does not belong on a desk.',
    ],
  },

  diary: {
    title: 'The diary',
    entries: [
      ['3 March', 'A new figure of stars, low over the sea, and in nobody’s charts! I have named it after the thing that boiled dry downstairs while I was looking.'],
      ['20 June', 'Another. It stands on one leg as if it were waiting for fish, so it has really named itself.'],
      ['11 November', 'The third, and I think the last. Named for what Tam had to fetch, the door having shut again with me up here and the sun coming up.'],
      ['12 November', 'Have set the drawer of the desk to my three, in the order I found them. If I forget, I need only look up.'],
    ],
  },

  bookcase: {
    title: 'The bookcase',
    intro: 'Astronomy, more astronomy, a shelf about bees. On the middle shelf stand seven slim books with nothing on their spines but a gilt emblem. They are worn at the top, as if they were often pulled.',
    /** @param {string} book */
    pull: (book) => `Pull the ${book} book`,
    /** @param {string} book */
    out: (book) => `The ${book} book is out`,
    pulled: 'It tilts out with a click and stays.',
    wrong: 'A spring lets go, and all four books slide back.',
    opened: 'Something heavy rolls away inside the wall. The bookcase swings open, and cold air comes down a stair: air that smells of brass and night.',
  },

  passage: {
    title: 'The passage',
    intro: 'Eleven steps go up behind the books. At the top there is blue light.',
    go: 'Go up to the observatory',
  },

  portrait: {
    title: 'Elspeth Marrow, by herself, in a mirror',
    intro: 'White hair, ink on the cuff, and the look of someone about to be right. The motto on the frame reads:',
    motto: 'PER ASPERA AD',
    worn: 'and then a word that thumbs have rubbed away. It had five letters.',
  },

  starTable: {
    title: 'Where the winking star stands at nine in the evening',
    head: ['Night', 'Look to the', 'Height'],
    rows: [
      ['Candlemas, 2 February', 'north-east', '30°'],
      ['Lady Day, 25 March', 'east', '50°'],
      ['Midsummer, 24 June', 'south', '70°'],
      ['Lammas, 1 August', 'south-west', '60°'],
      ['Michaelmas, 29 September', 'west', '40°'],
      ['Martinmas, 11 November', 'north-west', '20°'],
    ],
    caption: 'Observed from the dome of this house, E. M.',
  },

  glass: {
    title: 'The coloured glass',
    intro: 'Above the dark panes somebody has set a round of coloured glass: a sun in the middle, three bodies around it, and twelve studs of lead along the rim, like the hours of a clock.',
    words: 'The moon stands at eleven. The striped planet stands at seven. The ringed planet stands at two.',
    wordsLabel: 'Describe it in words',
  },

  bells: {
    title: 'The row of bells',
    intro: 'Five bells on curled springs, from small to large. Each hangs from a plate with notches: one, two, three, four, five. Their wires run into the wall.',
    /** @param {number} bell */
    ring: (bell) => `Ring bell ${bell}`,
    /** @param {number} bell */
    rang: (bell) => `Bell ${bell} rings.`,
    last: 'The last rings, oldest first:',
    none: 'nothing yet',
    opened: 'The fifth ring does not fade. A panel under the bells drops open, and an iron key slides out on a hook.',
  },

  clock: {
    title: 'The mantel clock',
    stiff: 'It has stopped, and the hands will not be pushed. In its face there is a square hole, for winding.',
    wound: 'It ticks, loudly, as if it had been holding its breath. The hands can be set. The tag on the winding key says: "Set me to the minute I was let out."',
    hour: 'Hour hand',
    minute: 'Minute hand',
    /** @param {number} hour @param {number} minute */
    shows: (hour, minute) => `The clock shows ${hour}:${String(minute).padStart(2, '0')}.`,
    try: 'Let go of the hands',
    wrong: 'The clock ticks on politely. It was not that minute.',
    opened: 'The clock strikes once for every year Elspeth lived here, quickly, and its case springs open. Inside sits a china door knob.',
  },

  drawer: {
    title: 'The desk drawer',
    intro: 'Three wheels, and on each wheel six patterns of stars, without a name or a line between them.',
    wheels: ['First wheel', 'Second wheel', 'Third wheel'],
    try: 'Pull the drawer',
    wrong: 'It gives by a hair, and stops.',
    opened: 'The drawer slides out by itself. Inside lies a telescope’s eyepiece, wrapped in a sock with writing on it.',
    inside: 'Written on the sock: "There is a star that winks. The Society says there is not. It winks the tune my bells are hung for."',
  },

  door: {
    title: 'The door',
    intro: 'Oak, shut, and quite sure of itself. Five letter wheels sit above the lock. Scratched beside them: "A letter to each number."',
    noKey: 'The keyhole is empty.',
    key: 'The iron key is in the lock.',
    noKnob: 'Where the knob should be there is a square hole.',
    knob: 'The china knob is on.',
    wheels: ['First letter', 'Second letter', 'Third letter', 'Fourth letter', 'Fifth letter'],
    try: 'Turn the key and the knob',
    wrong: 'The key turns half way. One letter at least is wrong.',
    opened: 'Clack, clack, clack, clack, clack.',
    missing: 'It cannot be opened yet. Something is missing from it.',
  },

  chart: {
    title: 'Figures of the northern sky',
    intro: 'A chart as tall as a person, inked by hand. Six figures bear a name.',
    /** @param {string} name @param {string} stars */
    figure: (name, stars) => `${name}: ${stars}.`,
  },

  orrery: {
    title: 'The orrery',
    empty: 'Brass rings around a brass sun, each with twelve notches like the hours of a clock. Two of the three arms carry a planet. The innermost ends in a square pin, and nothing turns.',
    intro: 'Brass rings around a brass sun, each with twelve notches like the hours of a clock. All three arms turn now.',
    plaque: 'Engraved on the foot: "As in the glass, so in the brass."',
    /** @param {string} body @param {number} hour */
    at: (body, hour) => `${body} stands at ${hour}.`,
    /** @param {number} hour */
    hour: (hour) => `at ${hour}`,
    try: 'Press the sun',
    wrong: 'The sun goes down a little and comes up again. The sky was not like this.',
    opened: 'The whole machine runs once around, humming. The sun opens like a flower. A small winding key lies in it, with a tag.',
  },

  telescope: {
    title: 'The telescope',
    blind: 'A beautiful instrument, longer than a rowing boat. Where one would put one’s eye there is only a hole.',
    intro: 'The eyepiece is in. The ring at the foot turns it around the sky, the arc at the side sets its height.',
    direction: 'Direction',
    height: 'Height',
    /** @param {number} degrees */
    degrees: (degrees) => `${degrees}°`,
    try: 'Look through the telescope',
    wrong: 'Stars, a great many of them. None winks.',
    opened: 'There! One star is winking: quick winks, then a rest, then winks again.',
    wordsLabel: 'Describe it in words',
    words: 'The star winks three times and rests. Once, and rests. Four times, and rests. Once, and rests. Five times, and then a long dark. It begins again.',
  },

  logbook: {
    title: 'The logbook',
    lines: [
      'The last entry. The ink is hardly dry, or it was never dry to begin with.',
      '“Quarter day. The rent is paid and the goose is eaten, and after tonight there is only one more day left in the month.',
      'Clear as a bell at nine. The winking star was as fine as I have ever seen it. Whoever looks for it after me, look where it stood tonight: I shall always think of it there.”',
    ],
  },

  bench: {
    title: 'The stone bench',
    intro: 'Somebody had time here, and a penknife. Cut into the wall above the bench:',
    carving: 'The door blew shut at a quarter to seven. Sat here one hour and fifty minutes. Then Tam came with the ladder and let me out. E. M.',
  },

  moonTaken: 'You lift the paperweight. It is a brass moon, half bright and half dark, with a square hole underneath.',
  fitted: {
    moon: 'The brass moon drops onto its pin with a click, and all three arms come free.',
    eyepiece: 'The eyepiece screws in as if it had never been away.',
    key: 'The iron key slides into the lock.',
    winder: 'Eleven turns, and the clock begins to tick.',
    knob: 'The china knob goes on with a push.',
  },
  fire: [
    'Somebody laid this fire before you came. It is in no hurry.',
    'The poker is warm, the tongs are not. The bricks are just bricks: you have tried them all.',
  ],
  cat: [
    'The cat opens one eye, finds you wanting, and closes it.',
    'The cat stretches to an unreasonable length.',
    'The cat knows the answer. The cat is not going to tell.',
  ],
  slit: ['The dome is open a hand’s breadth to the west. More stars than you remembered.'],

  /** What others are told: who did what. */
  events: {
    /** @param {string} name */
    joined: (name) => `${name} came in.`,
    /** @param {string} name */
    left: (name) => `${name} left for good.`,
    /** @param {string} name */
    began: (name) => `${name} started the clock.`,
    /** @param {string} name @param {string} what */
    opened: (name, what) => `${name} ${what}`,
    /** @param {string} name @param {string} what */
    wrong: (name, what) => `${name} tried ${what}, without luck.`,
    /** @param {string} name @param {string} item */
    took: (name, item) => `${name} took the ${item.toLowerCase()}.`,
    /** @param {string} name @param {string} item */
    fitted: (name, item) => `${name} fitted the ${item.toLowerCase()}.`,
    /** @param {string} name @param {string} puzzle */
    hint: (name, puzzle) => `${name} opened a hint about ${puzzle}.`,
    escaped: 'You are out, all of you!',
    /** @param {string} name */
    givenUp: (name) => `${name} knocked for Tam. The game is over.`,
    someone: 'Somebody',
    you: 'You',
  },
  opens: {
    passage: 'opened the bookcase: there is a passage behind it!',
    drawer: 'opened the desk drawer and found an eyepiece.',
    star: 'found the winking star.',
    bells: 'rang the bells right: an iron key!',
    orrery: 'set the orrery right: a winding key!',
    clock: 'set the clock right: the door knob!',
    door: 'opened the door!',
  },
  puzzles: {
    passage: 'the bookcase', drawer: 'the desk drawer', star: 'the telescope', bells: 'the bells',
    orrery: 'the orrery', clock: 'the clock', door: 'the door',
  },

  hints: {
    title: 'Hints',
    intro: 'Everybody sees a hint once one of you opens it, and its cost is added to your time.',
    none: 'There is nothing to hint at just now.',
    back: 'Back to the room',
    /** @param {number} stage */
    stage: (stage) => `Hint ${stage}`,
    /** @param {string} cost */
    cost: (cost) => `costs ${cost}`,
    last: 'This one is the answer.',
    texts: {
      passage: [
        'The letter on the desk tells of a day with four visitors. Each of them is on the spine of a book.',
        'Honey, something prickly that donkeys eat, something that flies to a lamp, something that hunts mice at night.',
        'Pull the bee, the thistle, the moth and the owl, in that order.',
      ],
      drawer: [
        'The wheels show stars without names. One thing in the observatory has stars with names; one thing on the desk says which three, and in which order.',
        'The diary means a kettle, a bird on one leg, and something to climb down by. Find them on the star chart, then look for the same stars on the wheels.',
        'First wheel: the Kettle, five stars in a ring and two leading away. Second: the Heron, an upright line with a star to the upper left. Third: the Ladder, two rows of four.',
      ],
      star: [
        'The telescope needs its eyepiece, which is in the desk drawer. Where to point it is written on a wall of the study; for which night is written up here.',
        'The logbook’s last entry was on a quarter day, with only one day of the month to come, and a goose.',
        'It was Michaelmas, 29 September. Fit the eyepiece, set the telescope to west and 40°, and look through it.',
      ],
      bells: [
        'The sock around the eyepiece says what to ring: something winks the tune.',
        'Each bell has one to five notches. Count how often the star winks before every rest, and ring that bell.',
        'Ring the bells three, one, four, one, five.',
      ],
      orrery: [
        'One of the arms has lost its moon. Something on the desk is not really a paperweight.',
        'As in the glass, so in the brass: the round window in the study shows where the three of them stood.',
        'Fit the brass moon. Set the moon to 11, the striped planet to 7, the ringed planet to 2, and press the sun.',
      ],
      clock: [
        'It wants winding, with a key that the orrery keeps. Then it wants to know when Elspeth was let out.',
        'She wrote it down where she sat, with a penknife: when the door shut, and how long she waited.',
        'A quarter to seven and an hour and fifty minutes make twenty-five to nine. Set the clock to 8:35.',
      ],
      door: [
        'It needs its key, its knob and a word of five letters. Five things that opened have shown you a small brass plate.',
        'Numerals give the places of the letters. The word also ends the motto of the portrait: through hardship to the …',
        'Fit the iron key and the china knob, set the letters to ASTRA, and turn the key.',
      ],
    },
  },

  people: {
    title: 'Who is here',
    you: 'you',
    away: 'away',
    in: { study: 'in the study', observatory: 'in the observatory' },
  },

  chat: {
    title: 'Talk',
    log: 'What was said and done',
    label: 'Say something to the others',
    send: 'Say',
    sending: 'sending…',
  },

  status: {
    connecting: 'Connecting…',
    live: 'Connected',
    sending: 'Sending…',
    saving: 'Saving…',
    saved: 'Saved',
    behind: 'Your progress is kept on the server and will be saved for good shortly',
    /** @param {number} seconds */
    waiting: (seconds) => `The connection is lost. Trying again in ${seconds} s. Go on if you like: what you do is kept and sent then.`,
    retrying: 'The connection is lost. Trying again now. Go on if you like: what you do is kept and sent then.',
    takenTitle: 'You are playing on another device',
    taken: 'This seat was taken over by another device or tab. Only one of them can play at a time.',
    takeBack: 'Play here instead',
    ended: 'The connection has ended, and this page will not come back by itself.',
    back: 'Back to the launch page',
    reload: 'Load this page again',
    /** @param {string} message */
    refused: (message) => `That was not accepted: ${message}`,
    failed: 'The study could not be opened.',
    opening: 'Opening the study…',
  },

  intro: {
    title: 'The Locked Study',
    story: [
      'Great-aunt Elspeth has left you her house on the cliff, and everything in it: the telescope nobody has found since, a cat, and a study whose door shuts in the draught.',
      'It has just shut behind you. Down in the kitchen you can hear the kettle beginning to sing.',
    ],
    howTitle: 'How to play',
    how: [
      'Look at things by clicking them, or by Tab and Enter. Escape steps back.',
      'What one of you takes, everybody has. Open the thing it might fit, then choose it from the shared pockets.',
      'You can each be in a different place. What one of you reads may be what another one needs, so talk.',
      'Hints help when you are stuck. They cost time, and it says how much.',
    ],
    begin: 'Begin',
    start: 'Look around',
  },

  giveUp: {
    title: 'Give up?',
    body: 'You would knock on the door until Tam hears you. This ends the game for everybody, and it cannot be undone.',
    yes: 'Yes, knock for Tam',
    no: 'No, keep looking',
  },

  ending: {
    escapedTitle: 'You are out',
    escaped: [
      'The door swings open as if it had never been a matter of principle. Morning has got into the corridor.',
      'On the mat stands a kettle, boiled quite dry, and against it leans a card in a hand you know by now:',
      '“Well done. I told them you would look. The house is yours, the star is yours. Mind the door. E. M.”',
    ],
    givenUpTitle: 'Tam has let you out',
    givenUp: [
      'You knock, and go on knocking. After a while there are slow steps, and Tam stands in the door with his ladder over his shoulder.',
      '“She said you might,” he says. “She did herself, the first time. Kettle’s on again.”',
    ],
    /** @param {string} time */
    time: (time) => `Your time: ${time}`,
    /** @param {number} played @param {number} cost both in seconds */
    parts: (played, cost) => (cost ? `${clockTime(played)} of playing, and ${clockTime(cost)} for hints` : 'Without a single hint'),
    opened: 'Who opened what',
    stats: 'See how you did',
  },

  picture: {
    escaped: 'An open door, and beyond it a corridor full of morning light. A kettle stands on the mat.',
    givenUp: 'A half open door, and in it an old man with a ladder over his shoulder.',
  },
};
